import { type AsyncLazy, LazyPromise } from "../async/lazy-promise";
import { InvalidInputError } from "../utilities/errors";
import { type Invokable, invoke, isInvokable, type Promisable } from "../utilities/invokable";
import { Namespace } from "../utilities/namespace";
import type { StandardSchema, StandardSchemaResult } from "../utilities/standard-schema";
import type { IEventBus } from "./contracts/event-bus";
import type { IEventBusAdapter } from "./contracts/event-bus-adapter";
import type { BaseEventMap, EventListener, EventName, Unsubscribe } from "./contracts/event-listener";
import { type EventErrorHandler, reportError } from "./error-report";
import { ListenerRegistry, type Registration } from "./listener-registry";

/** Settings of {@link EventBus}. */
export interface EventBusSettings<EventMap extends object = BaseEventMap> {
  /** Carries the events. */
  adapter: IEventBusAdapter;
  /** Keeps the events of this bus apart from others on the same adapter. Default: root `["@", "event-bus"]`. */
  namespace?: Namespace | undefined;
  /** Validators of events by name. They only check: events are delivered as they were dispatched. Default: none. */
  eventMapSchema?: EventMapSchema<EventMap> | undefined;
  /** Whether events are checked again before they reach listeners, as they may come from elsewhere. Default `true`. */
  shouldValidateOutput?: boolean | undefined;
  /**
   * Takes the errors that belong to no caller: what a listener threw, an event that came in invalid, a listener that
   * could not be detached. Default: publishes `{ error, eventName }` on the `node:diagnostics_channel` channel
   * `holdfast:event-bus:error`; so does an error of this function itself.
   */
  onError?: EventErrorHandler | undefined;
  /** Makes the lazy promises that the methods return, for instance with middlewares. Default: plain ones. */
  lazyPromiseFactory?: Invokable<[work: AsyncLazy<unknown>], LazyPromise<unknown>> | undefined;
}

/** Validators of events by name; names may be left out. */
export type EventMapSchema<EventMap extends object = BaseEventMap> = {
  readonly [Name in EventName<EventMap>]?: StandardSchema<EventMap[Name]> | undefined;
};

/** How many namespaced names a bus remembers. Enough for any fixed set of events; made-up names cannot pile up. */
const REMEMBERED_NAMES = 256;

/**
 * Sends events to the listeners of their name, by way of an adapter.
 *
 * A listener that throws or rejects affects nobody: not the other listeners, not the sender, not the process. Its error
 * goes to `onError`.
 */
export class EventBus<EventMap extends object = BaseEventMap> implements IEventBus<EventMap> {
  private readonly adapter: IEventBusAdapter;
  private readonly namespace: Namespace;
  private readonly schemas: ReadonlyMap<string, StandardSchema | undefined>;
  private readonly lazyPromiseFactory: EventBusSettings["lazyPromiseFactory"];
  private readonly listeners: ListenerRegistry;
  private readonly namespacedNames = new Map<string, string>();

  /**
   * Opens nothing: the adapter is used when a method's result is awaited.
   *
   * @throws InvalidInputError if there is no adapter.
   */
  constructor(settings: EventBusSettings<EventMap>) {
    if (typeof settings?.adapter?.dispatch !== "function") {
      throw new InvalidInputError(
        "An EventBus needs an adapter; pass one such as { adapter: new MemoryEventBusAdapter() }",
      );
    }
    this.adapter = settings.adapter;
    this.namespace = settings.namespace ?? new Namespace(["@", "event-bus"]);
    this.schemas = new Map(Object.entries<StandardSchema | undefined>(settings.eventMapSchema ?? {}));
    this.lazyPromiseFactory = settings.lazyPromiseFactory;
    const shouldCheck = this.schemas.size > 0 && settings.shouldValidateOutput !== false;
    this.listeners = new ListenerRegistry({
      adapter: settings.adapter,
      check: shouldCheck ? (eventName, event) => this.check(eventName, event) : () => undefined,
      report: (error, eventName) => reportError(settings.onError, error, eventName),
    });
  }

  /** Calls a listener for every event of a name, until it is removed. Adding it again changes nothing. */
  addListener<Name extends EventName<EventMap>>(
    eventName: Name,
    listener: EventListener<EventMap[Name]>,
  ): LazyPromise<void> {
    return this.lazy(async () => {
      await this.register(eventName, listener, false);
    });
  }

  /** Stops calling a listener, however it was added. A listener that was not added is no error. */
  removeListener<Name extends EventName<EventMap>>(
    eventName: Name,
    listener: EventListener<EventMap[Name]>,
  ): LazyPromise<void> {
    return this.lazy(async () => {
      const registration = this.listeners.find(eventName, listener);
      if (registration !== undefined) {
        await this.listeners.remove(registration);
      }
    });
  }

  /** Calls a listener for the next event of a name only, even if two are dispatched in one go. */
  listenOnce<Name extends EventName<EventMap>>(
    eventName: Name,
    listener: EventListener<EventMap[Name]>,
  ): LazyPromise<void> {
    return this.lazy(async () => {
      await this.register(eventName, listener, true);
    });
  }

  /** The next event of a name. Listening begins when the result is awaited or deferred. */
  asPromise<Name extends EventName<EventMap>>(eventName: Name): LazyPromise<EventMap[Name]> {
    return this.lazy(
      () =>
        new Promise<EventMap[Name]>((resolve, reject) => {
          this.register(eventName, resolve, true).catch(reject);
        }),
    );
  }

  /** As {@link addListener}, answering a function that ends it. */
  subscribe<Name extends EventName<EventMap>>(
    eventName: Name,
    listener: EventListener<EventMap[Name]>,
  ): LazyPromise<Unsubscribe> {
    return this.lazy(async () => this.unsubscribe(await this.register(eventName, listener, false)));
  }

  /** As {@link listenOnce}, answering a function that ends it before the event comes. */
  subscribeOnce<Name extends EventName<EventMap>>(
    eventName: Name,
    listener: EventListener<EventMap[Name]>,
  ): LazyPromise<Unsubscribe> {
    return this.lazy(async () => this.unsubscribe(await this.register(eventName, listener, true)));
  }

  /**
   * Sends an event to all listeners of its name. With the memory adapter they have been called when `dispatch` has
   * begun, that is when the result has been awaited or deferred.
   *
   * @throws InvalidInputError (as a rejection) if the event does not match its schema.
   */
  dispatch<Name extends EventName<EventMap>>(eventName: Name, event: EventMap[Name]): LazyPromise<void> {
    return this.lazy(async () => {
      const checking = this.check(eventName, event);
      if (checking !== undefined) {
        await checking;
      }
      await this.adapter.dispatch(this.namespaced(eventName), event);
    });
  }

  /**
   * Whether dispatching could reach anybody: `false` only if it is certain that nobody listens, `true` also if the
   * adapter cannot tell.
   */
  hasListeners(eventName: EventName<EventMap>): boolean {
    return this.adapter.hasListeners?.(this.namespaced(eventName)) ?? true;
  }

  private lazy<T>(work: () => Promise<T>): LazyPromise<T> {
    return this.lazyPromiseFactory === undefined
      ? new LazyPromise(work)
      : (invoke(this.lazyPromiseFactory, work) as LazyPromise<T>);
  }

  private async register(eventName: string, listener: EventListener<never>, once: boolean): Promise<Registration> {
    if (!isInvokable(listener)) {
      throw new InvalidInputError(`Invalid listener of "${eventName}"; pass a function or an object with invoke`);
    }
    return this.listeners.add(eventName, this.namespaced(eventName), listener, once);
  }

  private unsubscribe(registration: Registration): Unsubscribe {
    return () => this.lazy(() => this.listeners.remove(registration));
  }

  private namespaced(eventName: string): string {
    let namespaced = this.namespacedNames.get(eventName);
    if (namespaced === undefined) {
      ({ namespaced } = this.namespace.create(eventName));
      if (this.namespacedNames.size >= REMEMBERED_NAMES) {
        this.namespacedNames.clear();
      }
      this.namespacedNames.set(eventName, namespaced);
    }
    return namespaced;
  }

  // Answers undefined if the event is known to be valid at once, so that dispatching stays synchronous.
  private check(eventName: string, event: unknown): Promisable<void> {
    const result = this.schemas.get(eventName)?.["~standard"].validate(event);
    if (result !== undefined) {
      return "then" in result ? result.then((late) => refuse(eventName, late)) : refuse(eventName, result);
    }
  }
}

function refuse(eventName: string, result: StandardSchemaResult): void {
  if (result.issues !== undefined) {
    const issues = result.issues.map((issue) => issue.message).join("; ");
    throw new InvalidInputError(`Event "${eventName}" does not match its schema: ${issues}`, result.issues);
  }
}
