import { type AsyncLazy, LazyPromise } from "../async/lazy-promise";
import { type NativeHolder, type NativeLock, NativeVerb } from "../native";
import type { Promisable } from "../utilities/invokable";
import { type Result, resultFailure, resultSuccess } from "../utilities/result";
import { type ITimeSpan, TimeSpan } from "../utilities/time-span";
import { tryUntil } from "./blocking";
import {
  KeyAlreadyAcquiredLockError,
  UnownedRefreshLockError,
  UnownedReleaseLockError,
  UnrefreshableKeyLockError,
} from "./contracts/errors";
import { LOCK_EVENTS } from "./contracts/events";
import type { ILock, LockBlockingSettings } from "./contracts/lock";
import { LOCK_STATE, type LockState } from "./contracts/lock-state";
import type { LockContext } from "./lock-context";
import { type CheckedTtl, checkTtl } from "./ttl";

/** What a {@link Lock} is made of. */
interface LockParts {
  readonly context: LockContext;
  readonly handle: NativeLock;
  readonly key: string;
  readonly owner: string;
  readonly ttl: CheckedTtl;
}

/** The last lease that was granted to a lock, by its own clock. */
interface Lease {
  readonly fence: number;
  /** On the clock of `performance.now`. */
  readonly begun: number;
  readonly ttl: CheckedTtl;
}

/** A key and an owner, made by `LockProvider.create`. See {@link ILock}. */
export class Lock implements ILock {
  /** The key, without its namespace. */
  readonly key: string;
  /** The owner; locks of one owner and one key are the same lock. */
  readonly id: string;

  private readonly context: LockContext;
  private readonly handle: NativeLock;
  private readonly leaseTtl: CheckedTtl;
  private lease: Lease | null = null;

  private constructor({ context, handle, key, owner, ttl }: LockParts) {
    this.key = key;
    this.id = owner;
    this.context = context;
    this.handle = handle;
    this.leaseTtl = ttl;
  }

  /** @internal */
  static of(parts: LockParts): Lock {
    return new Lock(parts);
  }

  /** How long a lease lasts that this lock acquires; `null`: it has no end. */
  get ttl(): TimeSpan | null {
    return this.leaseTtl.timeSpan;
  }

  /** See {@link ILock.acquire}. */
  acquire(): LazyPromise<boolean> {
    return this.context.lazy(() => this.ask(NativeVerb.Acquire, this.leaseTtl, this.concludeAcquire));
  }

  /** See {@link ILock.acquireOrFail}. */
  acquireOrFail(): LazyPromise<void> {
    return this.context.lazy(async () => this.refuseUnlessAcquired(await this.acquire()));
  }

  /** See {@link ILock.acquireBlocking}. */
  acquireBlocking(settings: LockBlockingSettings = {}): LazyPromise<boolean> {
    return this.context.lazy(() =>
      tryUntil({
        time: TimeSpan.fromTimeSpan(settings.time ?? this.context.defaultBlockingTime).toMilliseconds(),
        interval: TimeSpan.fromTimeSpan(settings.interval ?? this.context.defaultBlockingInterval).toMilliseconds(),
        attempt: () => this.ask(NativeVerb.Acquire, this.leaseTtl, this.concludeAttempt),
        refused: () => this.reportUnavailable(),
      }),
    );
  }

  /** See {@link ILock.acquireBlockingOrFail}. */
  acquireBlockingOrFail(settings?: LockBlockingSettings): LazyPromise<void> {
    return this.context.lazy(async () => this.refuseUnlessAcquired(await this.acquireBlocking(settings)));
  }

  /** See {@link ILock.release}. */
  release(): LazyPromise<boolean> {
    return this.context.lazy(() => this.ask(NativeVerb.Release, null, this.concludeRelease));
  }

  /** See {@link ILock.releaseOrFail}. */
  releaseOrFail(): LazyPromise<void> {
    return this.context.lazy(async () => {
      if (!(await this.release())) {
        throw new UnownedReleaseLockError(
          `Unowned release on key "${this.key}" by owner "${this.id}"`,
          undefined,
          this.event(),
        );
      }
    });
  }

  /** See {@link ILock.forceRelease}. */
  forceRelease(): LazyPromise<boolean> {
    return this.context.lazy(() => this.ask(NativeVerb.ForceRelease, null, this.concludeForceRelease));
  }

  /** See {@link ILock.refresh}. */
  refresh(ttl?: ITimeSpan): LazyPromise<boolean> {
    return this.context.lazy(async () => (await this.askRefresh(ttl)) > 0);
  }

  /** See {@link ILock.refreshOrFail}. */
  refreshOrFail(ttl?: ITimeSpan): LazyPromise<void> {
    return this.context.lazy(async () => {
      const answer = await this.askRefresh(ttl);
      if (answer === 0) {
        throw new UnownedRefreshLockError(
          `Unowned refresh on key "${this.key}" by owner "${this.id}"`,
          undefined,
          this.event(),
        );
      }
      if (answer < 0) {
        throw new UnrefreshableKeyLockError(
          `Key "${this.key}" is held without an end, so it cannot be refreshed`,
          undefined,
          this.event(),
        );
      }
    });
  }

  /** See {@link ILock.isExpired}. */
  isExpired(): LazyPromise<boolean> {
    return this.context.lazy(async () => (await this.look()) === null);
  }

  /** See {@link ILock.isLocked}. */
  isLocked(): LazyPromise<boolean> {
    return this.context.lazy(async () => (await this.look()) !== null);
  }

  /** See {@link ILock.getRemainingTime}. */
  getRemainingTime(): LazyPromise<TimeSpan | null> {
    return this.context.lazy(async () => {
      const holder = await this.look();
      return holder === null ? null : this.remainingTime(holder);
    });
  }

  /** See {@link ILock.getOwner}. */
  getOwner(): LazyPromise<string> {
    return this.context.lazy(() => this.id);
  }

  /** See {@link ILock.getState}. */
  getState(): LazyPromise<LockState> {
    return this.context.lazy(async () => {
      const holder = await this.look();
      if (holder === null) {
        return { type: LOCK_STATE.EXPIRED };
      }
      return holder.owner === this.id
        ? { type: LOCK_STATE.ACQUIRED, remainingTime: this.remainingTime(holder) }
        : { type: LOCK_STATE.UNAVAILABLE, owner: holder.owner };
    });
  }

  /** See {@link ILock.run}. */
  run<T>(fn: AsyncLazy<T>): LazyPromise<Result<T, KeyAlreadyAcquiredLockError>> {
    return this.context.lazy(async () => this.runIf(await this.acquire(), fn));
  }

  /** See {@link ILock.runOrFail}. */
  runOrFail<T>(fn: AsyncLazy<T>): LazyPromise<T> {
    return this.context.lazy(async () => {
      await this.acquireOrFail();
      return this.runThenRelease(fn);
    });
  }

  /** See {@link ILock.runBlocking}. */
  runBlocking<T>(
    fn: AsyncLazy<T>,
    settings?: LockBlockingSettings,
  ): LazyPromise<Result<T, KeyAlreadyAcquiredLockError>> {
    return this.context.lazy(async () => this.runIf(await this.acquireBlocking(settings), fn));
  }

  /** See {@link ILock.runBlockingOrFail}. */
  runBlockingOrFail<T>(fn: AsyncLazy<T>, settings?: LockBlockingSettings): LazyPromise<T> {
    return this.context.lazy(async () => {
      await this.acquireBlockingOrFail(settings);
      return this.runThenRelease(fn);
    });
  }

  // Not through async functions: in memory the answer is there at once, and two more turns would be half of the time.
  private ask<T>(verb: NativeVerb, ttl: CheckedTtl | null, conclude: (answer: number) => T): Promisable<T> {
    let answer: Promisable<number>;
    try {
      answer = this.context.engine.ask(this.handle, verb, ttl?.milliseconds ?? 0);
    } catch (error) {
      throw this.failed(error);
    }
    return typeof answer === "number"
      ? conclude.call(this, answer)
      : answer.then(
          (late) => conclude.call(this, late),
          (error: unknown) => {
            throw this.failed(error);
          },
        );
  }

  private concludeAttempt(answer: number): number {
    if (answer > 0) {
      this.remember(answer, this.leaseTtl);
      if (this.context.isHeard(LOCK_EVENTS.ACQUIRED)) {
        this.context.emit(LOCK_EVENTS.ACQUIRED, { ...this.event(), ttl: this.ttl });
      }
    }
    return answer;
  }

  private concludeAcquire(answer: number): boolean {
    const isAcquired = this.concludeAttempt(answer) > 0;
    if (!isAcquired) {
      this.reportUnavailable();
    }
    return isAcquired;
  }

  private concludeRelease(answer: number): boolean {
    this.lease = null;
    const name = answer > 0 ? LOCK_EVENTS.RELEASED : LOCK_EVENTS.UNOWNED_RELEASE_TRY;
    if (this.context.isHeard(name)) {
      this.context.emit(name, this.event());
    }
    return answer > 0;
  }

  private concludeForceRelease(answer: number): boolean {
    this.lease = null;
    if (answer > 0) {
      this.context.emit(LOCK_EVENTS.FORCE_RELEASED, { key: this.key });
    }
    return answer > 0;
  }

  private askRefresh(ttl: ITimeSpan = this.context.defaultRefreshTime): Promisable<number> {
    const checked = checkTtl(ttl);
    return this.ask(NativeVerb.Refresh, checked, (answer) => {
      if (answer > 0) {
        if (this.lease !== null) {
          this.remember(this.lease.fence, checked);
        }
        this.context.emit(LOCK_EVENTS.REFRESHED, { ...this.event(), ttl: checked.timeSpan });
      } else {
        this.context.emit(
          answer < 0 ? LOCK_EVENTS.UNEXPIREABLE_KEY_REFRESH_TRY : LOCK_EVENTS.UNOWNED_REFRESH_TRY,
          this.event(),
        );
      }
      return answer;
    });
  }

  // An immediate engine knows the remaining time as well as the lock could.
  private remember(fence: number, ttl: CheckedTtl): void {
    if (!this.context.engine.isImmediate) {
      this.lease = { fence, begun: performance.now(), ttl };
    }
  }

  private async look(): Promise<NativeHolder | null> {
    try {
      return await this.context.engine.look(this.handle);
    } catch (error) {
      throw this.failed(error);
    }
  }

  // For its own lease the lock need not ask how late the answer is: right after it was acquired, the whole ttl is left.
  private remainingTime({ owner, remaining, fence }: NativeHolder): TimeSpan | null {
    if (remaining === undefined) {
      return null;
    }
    const { lease } = this;
    const left =
      owner === this.id && fence === lease?.fence
        ? lease.ttl.milliseconds - (performance.now() - lease.begun)
        : remaining;
    return TimeSpan.fromMilliseconds(Math.max(Math.ceil(left), 0));
  }

  private async runIf<T>(isAcquired: boolean, fn: AsyncLazy<T>): Promise<Result<T, KeyAlreadyAcquiredLockError>> {
    return isAcquired ? resultSuccess(await this.runThenRelease(fn)) : resultFailure(this.alreadyAcquired());
  }

  private async runThenRelease<T>(fn: AsyncLazy<T>): Promise<T> {
    try {
      return await new LazyPromise(fn);
    } finally {
      // A release that fails has said so by an event; what the function did counts.
      await this.release().catch(() => undefined);
    }
  }

  private refuseUnlessAcquired(isAcquired: boolean): void {
    if (!isAcquired) {
      throw this.alreadyAcquired();
    }
  }

  private alreadyAcquired(): KeyAlreadyAcquiredLockError {
    return new KeyAlreadyAcquiredLockError(`Key "${this.key}" already acquired`, undefined, this.event());
  }

  private reportUnavailable(): void {
    if (this.context.isHeard(LOCK_EVENTS.UNAVAILABLE)) {
      this.context.emit(LOCK_EVENTS.UNAVAILABLE, this.event());
    }
  }

  private failed(error: unknown): unknown {
    this.context.emit(LOCK_EVENTS.UNEXPECTED_ERROR, { ...this.event(), ttl: this.ttl, error });
    return error;
  }

  private event(): { key: string; owner: string } {
    return { key: this.key, owner: this.id };
  }
}
