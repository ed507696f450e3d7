import type { LazyPromise } from "../../async/lazy-promise";
import type { Invokable, Promisable } from "../../utilities/invokable";
import type { Result } from "../../utilities/result";
import type { ITimeSpan, TimeSpan } from "../../utilities/time-span";
import type { KeyAlreadyAcquiredLockError } from "./errors";
import type { LockHolding, LockStanding } from "./holding";
import type { LockState } from "./lock-state";

/**
 * How long and how often to try for a lock that is held. Whoever waits is woken by a release, where the database tells of
 * it; the interval is for releases that nobody tells of.
 */
export interface LockBlockingSettings {
  /** How long to try at most, on a monotonic clock. Zero: exactly one try. Default: the provider's, one minute. */
  time?: ITimeSpan | undefined;
  /**
   * How long to wait between tries at most, and how often to report that the key is unavailable. Default: the provider's,
   * one second.
   */
  interval?: ITimeSpan | undefined;
  /** Ends the wait at once when it is aborted; the promise then rejects with its reason. */
  signal?: AbortSignal | undefined;
}

/**
 * What is done while a lock is held: a function, an object with `invoke`, or a lazy promise. It is told by a signal if
 * the lock is lost meanwhile, and may ignore it.
 */
export type LockWork<T> = Invokable<[holding: LockHolding], Promisable<T>> | LazyPromise<T>;

/**
 * A key and an owner.
 *
 * Every method is lazy: it does nothing until its result is awaited or deferred. Each rejects with a `LockAdapterError`
 * if the database could not be asked.
 */
export interface ILock {
  /** The key, without its namespace. */
  readonly key: string;
  /** The owner; locks of one owner and one key are the same lock. */
  readonly id: string;
  /** How long a lease lasts that this lock acquires; `null`: it has no end. */
  readonly ttl: TimeSpan | null;
  /**
   * The fence of the last grant to this object, a number that grows with every grant of the key: storage that remembers
   * the highest it has seen can refuse a holder that was overtaken. `null`: not acquired, or released again. Adapters
   * written in JavaScript keep no fences; theirs grow in this process, and between processes as their clocks do.
   */
  readonly fence: bigint | null;
  /**
   * How the lock stands by what its process knows, without asking the database; `null`: not acquired, or released again.
   * A lock that is kept alive is renewed by an engine that notices in time when that fails; of another one it is only
   * known when its ttl is over.
   */
  readonly state: LockStanding | null;
  /**
   * Aborted with a `LockLostError` when the lock is lost, and not when it is released; `null`: not acquired, or released
   * again. Each grant has a signal of its own.
   */
  readonly signal: AbortSignal | null;

  /** Tries once. `false`: the key is held, be it by this lock. */
  acquire(): LazyPromise<boolean>;

  /**
   * Tries once.
   *
   * @throws KeyAlreadyAcquiredLockError if the key is held, be it by this lock.
   */
  acquireOrFail(): LazyPromise<void>;

  /**
   * Tries until the key is free or the time is over. `false`: it is over. Waiters of one process are served in the order
   * they came.
   */
  acquireBlocking(settings?: LockBlockingSettings): LazyPromise<boolean>;

  /**
   * Tries until the key is free or the time is over.
   *
   * @throws KeyAlreadyAcquiredLockError if the time is over.
   */
  acquireBlockingOrFail(settings?: LockBlockingSettings): LazyPromise<void>;

  /** Gives the key back. `false`: this lock does not hold it (any more); then nothing changes. */
  release(): LazyPromise<boolean>;

  /**
   * Gives the key back.
   *
   * @throws UnownedReleaseLockError if this lock does not hold it (any more).
   */
  releaseOrFail(): LazyPromise<void>;

  /** Frees the key, whoever holds it. `false`: nobody did. */
  forceRelease(): LazyPromise<boolean>;

  /**
   * Lets the lease end a ttl from now, be that later or sooner than before. `false`: this lock does not hold the key, or
   * holds it without an end; then nothing changes.
   *
   * @param ttl Default: the provider's `defaultRefreshTime`, five minutes; not the ttl of this lock.
   */
  refresh(ttl?: ITimeSpan): LazyPromise<boolean>;

  /**
   * As {@link refresh}.
   *
   * @throws UnownedRefreshLockError if this lock does not hold the key (any more).
   * @throws UnrefreshableKeyLockError if this lock holds the key without an end.
   */
  refreshOrFail(ttl?: ITimeSpan): LazyPromise<void>;

  /** Whether nobody holds the key. */
  isExpired(): LazyPromise<boolean>;

  /** Whether somebody holds the key, not necessarily this lock. */
  isLocked(): LazyPromise<boolean>;

  /** How much longer the key is held. `null`: it is free or has expired, or is held without an end. */
  getRemainingTime(): LazyPromise<TimeSpan | null>;

  /** The owner of this lock, whether or not it holds the key. */
  getOwner(): LazyPromise<string>;

  /** Who holds the key, seen from this lock. */
  getState(): LazyPromise<LockState>;

  /**
   * Acquires, calls a function with the signal and the fence of the grant, and releases whatever the function does. Answers a failure, and does not call the
   * function, if the key is held. Rejects with what the function throws.
   */
  run<T>(fn: LockWork<T>): LazyPromise<Result<T, KeyAlreadyAcquiredLockError>>;

  /**
   * As {@link run}, answering what the function does.
   *
   * @throws KeyAlreadyAcquiredLockError if the key is held.
   */
  runOrFail<T>(fn: LockWork<T>): LazyPromise<T>;

  /** As {@link run}, after {@link acquireBlocking}. */
  runBlocking<T>(fn: LockWork<T>, settings?: LockBlockingSettings): LazyPromise<Result<T, KeyAlreadyAcquiredLockError>>;

  /**
   * As {@link runOrFail}, after {@link acquireBlockingOrFail}.
   *
   * @throws KeyAlreadyAcquiredLockError if the time is over.
   */
  runBlockingOrFail<T>(fn: LockWork<T>, settings?: LockBlockingSettings): LazyPromise<T>;
}
