import type { LazyPromise } from "../../async/lazy-promise";
import type { Invokable } from "../../utilities/invokable";

/** The events of a bus that does not say which it has: any name with any event. */
export type BaseEventMap = Record<string, unknown>;

/** The names of an event map. */
export type EventName<EventMap extends object> = Extract<keyof EventMap, string>;

/**
 * Hears events: a function, or an object with an `invoke` method. If it throws, or returns a promise that rejects, the
 * error goes to the bus's `onError` and nowhere else.
 */
export type EventListener<Event> = Invokable<[event: Event], unknown>;

/** Ends a subscription. Calling it again does nothing. */
export type Unsubscribe = () => LazyPromise<void>;
