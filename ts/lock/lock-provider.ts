import { randomUUID } from "node:crypto";
import { type AsyncLazy, LazyPromise } from "../async/lazy-promise";
import { MemoryEventBusAdapter } from "../event-bus/adapters/memory-event-bus-adapter";
import type { IEventBus } from "../event-bus/contracts/event-bus";
import type { EventListener, Unsubscribe } from "../event-bus/contracts/event-listener";
import { EventBus } from "../event-bus/event-bus";
import { openProvider } from "../native";
import type { ISerderRegister } from "../serde/contracts";
import { InvalidInputError } from "../utilities/errors";
import { type Invokable, invoke } from "../utilities/invokable";
import { Namespace } from "../utilities/namespace";
import { type OneOrMore, toArray } from "../utilities/one-or-more";
import { type ITimeSpan, TimeSpan } from "../utilities/time-span";
import type { LockEventMap } from "./contracts/events";
import { LOCK_LOSS } from "./contracts/holding";
import type {
  ILockListenable,
  ILockProvider,
  LockAcquireSettings,
  LockCreateSettings,
  LockProviderCloseSettings,
} from "./contracts/lock-provider";
import { ENGINE, LockEngine } from "./engine";
import { type LockAdapter, lockAdapterOf } from "./js-adapter";
import { checkKeepAlive, type KeepAlive } from "./keep-alive";
import { Lock } from "./lock";
import { LockContext } from "./lock-context";
import { registerLocks } from "./lock-serde";
import { type CheckedTtl, checkTtl } from "./ttl";

/** Where the locks of a provider are that is given no namespace. */
export const DEFAULT_NAMESPACE = new Namespace(["@", "lock"]);

/** An event bus, whatever events it was declared for: see {@link IEventBus} for its methods. */
export type AnyEventBus = Readonly<
  Record<Exclude<keyof IEventBus, "hasListeners">, (eventName: never, argument: never) => LazyPromise<unknown>>
> & {
  /** See `IEventDispatcher`. */
  hasListeners?(eventName: never): boolean;
};

/** Settings of {@link LockProvider}; all can be left out. */
export interface LockProviderSettings {
  /**
   * What the locks are kept in: an adapter, be it of this package or an object of your own, or the URL of one:
   * `"memory:"`, `"memory:NAME"`, `"sqlite:PATH"`. Default: a memory adapter of this provider's own.
   */
  adapter?: LockAdapter | string | undefined;
  /** Keeps the keys apart from those of others in the same database. Default: root `["@", "lock"]`. */
  namespace?: Namespace | undefined;
  /** Makes the owners of locks that are given none; each must be new. Default: random UUIDs. */
  createOwnerId?: Invokable<[], string> | undefined;
  /** How long a lease lasts, up to 100 years; `null`: it has no end. Default: 5 minutes. */
  defaultTtl?: ITimeSpan | null | undefined;
  /** How long `acquireBlocking` waits between tries at most. Default: 1 second. */
  defaultBlockingInterval?: ITimeSpan | undefined;
  /** How long `acquireBlocking` tries. Default: 1 minute. */
  defaultBlockingTime?: ITimeSpan | undefined;
  /** How long a lease lasts from a `refresh` without a ttl. Default: 5 minutes. */
  defaultRefreshTime?: ITimeSpan | undefined;
  /** Whether and how leases are renewed while they are held; can be said for each lock as well. Default: they are not. */
  keepAlive?: KeepAlive | undefined;
  /**
   * Carries the events. It may be the application's, with a map of other events: those of the locks need not be in it.
   * Default: one in memory, of this provider's own.
   */
  eventBus?: AnyEventBus | undefined;
  /**
   * Where the locks are to be serializable: one `Serde` or several. Locks then survive a round trip through them, to
   * other processes too, whose provider has an adapter of the same class and the same namespace. Default: none.
   */
  serde?: OneOrMore<ISerderRegister> | undefined;
  /**
   * Tells the locks of this provider from those of others in the same serde; the same in every process. Default: the
   * namespace, which tells enough unless two providers share it over adapters of one class.
   */
  serdeTransformerName?: string | undefined;
  /** Makes the lazy promises that the methods return, for instance with middlewares. Default: plain ones. */
  lazyPromiseFactory?: Invokable<[work: AsyncLazy<unknown>], LazyPromise<unknown>> | undefined;
}

/** Makes locks over one adapter, and lets their events be heard. */
export class LockProvider implements ILockProvider, ILockListenable {
  private readonly context: LockContext;
  private readonly eventBus: IEventBus<LockEventMap>;
  private readonly namespace: Namespace;
  private readonly createOwnerId: Invokable<[], string>;
  private readonly defaultTtl: CheckedTtl;
  private readonly keepAlive: KeepAlive | undefined;
  private readonly ownsAdapter: boolean;

  /**
   * Connects to nothing; the first use of a lock does.
   *
   * @throws InvalidInputError if a setting cannot be used.
   * @throws ConfigurationLockError if the URL of the adapter cannot be used.
   */
  constructor(settings: LockProviderSettings = {}) {
    this.namespace = settings.namespace ?? DEFAULT_NAMESPACE;
    const eventBus = settings.eventBus ?? new EventBus({ adapter: new MemoryEventBusAdapter() });
    this.eventBus = eventBus as IEventBus<LockEventMap>;
    this.createOwnerId = settings.createOwnerId ?? randomUUID;
    this.defaultTtl = checkTtl(settings.defaultTtl === undefined ? TimeSpan.fromMinutes(5) : settings.defaultTtl);
    this.keepAlive = settings.keepAlive;
    checkKeepAlive(settings.keepAlive, this.defaultTtl);
    this.ownsAdapter = settings.adapter === undefined || typeof settings.adapter === "string";
    this.context = new LockContext({
      engine: engineOf(settings.adapter),
      serdeName: `lock/${adapterName(settings.adapter)}/${settings.serdeTransformerName ?? this.namespace}`,
      eventBus: this.eventBus,
      isListenedTo: settings.eventBus !== undefined,
      lazy: lazyPromises(settings.lazyPromiseFactory),
      defaultBlockingInterval: TimeSpan.fromTimeSpan(settings.defaultBlockingInterval ?? TimeSpan.fromSeconds(1)),
      defaultBlockingTime: TimeSpan.fromTimeSpan(settings.defaultBlockingTime ?? TimeSpan.fromMinutes(1)),
      defaultRefreshTime: checkTtl(settings.defaultRefreshTime ?? TimeSpan.fromMinutes(5)).timeSpan as TimeSpan,
    });
    if (settings.serde !== undefined) {
      registerLocks(settings.serde, {
        context: this.context,
        revive: ({ key, owner, ttl, fence }) => this.make(key, owner, { ttl }, fence),
      });
    }
  }

  /**
   * Makes a lock; nothing is acquired and the database is not asked.
   *
   * @param key What to lock; segments are joined with the key delimiter of the namespace.
   * @throws InvalidInputError if the key, the owner or the ttl cannot be used.
   */
  create(key: OneOrMore<string>, settings: LockCreateSettings = {}): Lock {
    const owner = settings.owner === undefined ? invoke(this.createOwnerId) : ownerOf(settings.owner);
    return this.make(key, owner, settings, 0);
  }

  /**
   * Makes a lock and acquires it, to be released by `release()` or at the end of an `await using` block.
   *
   * @throws KeyAlreadyAcquiredLockError if the key is held, for as long as `time` at least, which by default is no time.
   * @throws InvalidInputError if the key or a setting cannot be used.
   * @throws LockAdapterError if the database could not be asked.
   */
  acquire(key: OneOrMore<string>, settings: LockAcquireSettings = {}): LazyPromise<Lock> {
    return this.context.lazy(async () => {
      const lock = this.create(key, settings);
      await lock.acquireBlockingOrFail({ ...settings, time: settings.time ?? TimeSpan.fromMilliseconds(0) });
      return lock;
    });
  }

  /**
   * Grants nothing any more, ends every wait with a `ClosedLockError`, and gives those who hold locks some time: functions
   * of `run*`, and locks that are kept alive. Locks that are not released by then are lost for the reason `"closed"`, and
   * released. Doing it again waits as well. The adapter stays open, unless this provider made it from a URL.
   */
  async close(settings: LockProviderCloseSettings = {}): Promise<void> {
    const drain = TimeSpan.fromTimeSpan(settings.drain ?? TimeSpan.fromMilliseconds(0)).toMilliseconds();
    this.context.close();
    await this.context.holders.drain(drain, LOCK_LOSS.CLOSED);
    if (this.ownsAdapter) {
      await this.context.engine.close();
    }
  }

  /** Calls a listener for every event of a name, until it is removed. Adding it again changes nothing. */
  addListener<Name extends keyof LockEventMap>(
    eventName: Name,
    listener: EventListener<LockEventMap[Name]>,
  ): LazyPromise<void> {
    return this.listened().addListener(eventName, listener);
  }

  /** Stops calling a listener, however it was added. A listener that was not added is no error. */
  removeListener<Name extends keyof LockEventMap>(
    eventName: Name,
    listener: EventListener<LockEventMap[Name]>,
  ): LazyPromise<void> {
    return this.listened().removeListener(eventName, listener);
  }

  /** Calls a listener for the next event of a name only. */
  listenOnce<Name extends keyof LockEventMap>(
    eventName: Name,
    listener: EventListener<LockEventMap[Name]>,
  ): LazyPromise<void> {
    return this.listened().listenOnce(eventName, listener);
  }

  /** The next event of a name. Listening begins when the result is awaited or deferred. */
  asPromise<Name extends keyof LockEventMap>(eventName: Name): LazyPromise<LockEventMap[Name]> {
    return this.listened().asPromise(eventName);
  }

  /** As {@link addListener}, answering a function that ends it. */
  subscribe<Name extends keyof LockEventMap>(
    eventName: Name,
    listener: EventListener<LockEventMap[Name]>,
  ): LazyPromise<Unsubscribe> {
    return this.listened().subscribe(eventName, listener);
  }

  /** As {@link listenOnce}, answering a function that ends it before the event comes. */
  subscribeOnce<Name extends keyof LockEventMap>(
    eventName: Name,
    listener: EventListener<LockEventMap[Name]>,
  ): LazyPromise<Unsubscribe> {
    return this.listened().subscribeOnce(eventName, listener);
  }

  private make(key: OneOrMore<string>, owner: string, settings: LockCreateSettings, fence: number): Lock {
    const ttl = settings.ttl === undefined ? this.defaultTtl : checkTtl(settings.ttl);
    const keepAlive = checkKeepAlive(settings.keepAlive ?? this.keepAlive, ttl);
    const namespacedKey = this.namespace.create(key);
    const handle = this.context.engine.createLock(namespacedKey.namespaced, owner);
    return Lock.of({ context: this.context, handle, key: namespacedKey, owner, ttl, keepAlive, fence });
  }

  private listened(): IEventBus<LockEventMap> {
    this.context.isListenedTo = true;
    return this.eventBus;
  }
}

/** Adapters of the application with their engines, so that providers over one of them share it. */
const ADOPTED = new WeakMap<object, LockEngine>();

function engineOf(adapter: LockAdapter | string = "memory:"): LockEngine {
  if (typeof adapter === "string") {
    return LockEngine.of(openProvider(adapter));
  }
  const native = (adapter as { [ENGINE]?: LockEngine } | null)?.[ENGINE];
  // A proxy may answer to every name with a method.
  const engine = typeof native === "object" ? native : ADOPTED.get(adapter);
  if (engine !== undefined) {
    return engine;
  }
  const adopted = LockEngine.over(lockAdapterOf(adapter));
  ADOPTED.set(adapter, adopted);
  return adopted;
}

/**
 * The class of an adapter; one that is given by its URL counts as the class that the URL stands for. A module may be an
 * adapter too, and has none.
 */
function adapterName(adapter: LockAdapter | string = "memory:"): string {
  if (typeof adapter !== "string") {
    return (adapter.constructor as { readonly name: string } | undefined)?.name ?? "Object";
  }
  const [scheme = ""] = adapter.split(":");
  return `${scheme.charAt(0).toUpperCase()}${scheme.slice(1)}LockAdapter`;
}

function ownerOf(owner: OneOrMore<string>): string {
  const segments = toArray(owner);
  // Joined, whatever has no text of its own would become one and the same owner.
  if (!segments.every((segment) => typeof segment === "string")) {
    throw new InvalidInputError("The owner is no text; pass a string, or an iterable of strings");
  }
  return segments.filter((segment) => segment !== "").join("/");
}

function lazyPromises(factory: LockProviderSettings["lazyPromiseFactory"]): <T>(work: AsyncLazy<T>) => LazyPromise<T> {
  return factory === undefined
    ? (work) => new LazyPromise(work)
    : <T>(work: AsyncLazy<T>) => invoke(factory, work as AsyncLazy<unknown>) as LazyPromise<T>;
}
