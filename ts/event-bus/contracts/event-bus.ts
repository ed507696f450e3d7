import type { LazyPromise } from "../../async/lazy-promise";
import type { BaseEventMap, EventListener, EventName, Unsubscribe } from "./event-listener";

/**
 * The listening half of an event bus.
 *
 * Every method is lazy: nothing is added or removed before the result is awaited or deferred. A listener is known by its
 * identity: added again under the same name it is still called once for each event.
 */
export interface IEventListenable<EventMap extends object = BaseEventMap> {
  /** Calls a listener for every event of a name, until it is removed. */
  addListener<Name extends EventName<EventMap>>(
    eventName: Name,
    listener: EventListener<EventMap[Name]>,
  ): LazyPromise<void>;

  /** Stops calling a listener, however it was added. Others stay. A listener that was not added is no error. */
  removeListener<Name extends EventName<EventMap>>(
    eventName: Name,
    listener: EventListener<EventMap[Name]>,
  ): LazyPromise<void>;

  /**
   * Calls a listener for the next event of a name only. For a listener that {@link addListener} has added it changes
   * nothing: that one hears the next event anyhow.
   */
  listenOnce<Name extends EventName<EventMap>>(
    eventName: Name,
    listener: EventListener<EventMap[Name]>,
  ): LazyPromise<void>;

  /** The next event of a name. Listening begins when the result is awaited or deferred. */
  asPromise<Name extends EventName<EventMap>>(eventName: Name): LazyPromise<EventMap[Name]>;

  /** As {@link addListener}, answering a function that ends it. */
  subscribe<Name extends EventName<EventMap>>(
    eventName: Name,
    listener: EventListener<EventMap[Name]>,
  ): LazyPromise<Unsubscribe>;

  /** As {@link listenOnce}, answering a function that ends it before the event comes. */
  subscribeOnce<Name extends EventName<EventMap>>(
    eventName: Name,
    listener: EventListener<EventMap[Name]>,
  ): LazyPromise<Unsubscribe>;
}

/** The sending half of an event bus. */
export interface IEventDispatcher<EventMap extends object = BaseEventMap> {
  /**
   * Sends an event to all listeners of its name. It rejects if the event could not be sent, never because of what a
   * listener did.
   */
  dispatch<Name extends EventName<EventMap>>(eventName: Name, event: EventMap[Name]): LazyPromise<void>;

  /**
   * Whether dispatching could reach anybody: `false` only if it is certain that nobody listens, so that a sender may
   * skip making the event. A bus without this method is taken to have listeners.
   */
  hasListeners?(eventName: EventName<EventMap>): boolean;
}

/** Sends events to listeners, in this process or, depending on its adapter, in others. */
export interface IEventBus<EventMap extends object = BaseEventMap>
  extends IEventListenable<EventMap>,
    IEventDispatcher<EventMap> {}
