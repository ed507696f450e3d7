import { type AsyncLazy, LazyPromise } from "../async/lazy-promise";
import { InvalidInputError } from "../utilities/errors";
import { type Invokable, invoke, isInvokable, type Promisable } from "../utilities/invokable";
import { type Result, resultFailure, resultSuccess } from "../utilities/result";
import { type ITimeSpan, TimeSpan } from "../utilities/time-span";
import { Claim, type ClaimParts } from "./claim";
import {
  KeyAlreadyAcquiredLockError,
  UnownedRefreshLockError,
  UnownedReleaseLockError,
  UnrefreshableKeyLockError,
} from "./contracts/errors";
import type { LockHolding, LockStanding } from "./contracts/holding";
import type { ILock, LockBlockingSettings, LockWork } from "./contracts/lock";
import { LOCK_STATE, type LockState } from "./contracts/lock-state";
import type { Hold } from "./hold";
import { withFence } from "./with-fence";

/** A key and an owner, made by `LockProvider.create`. See {@link ILock}. */
export class Lock implements ILock {
  /** @internal */
  readonly claim: Claim;

  private constructor(claim: Claim) {
    this.claim = claim;
  }

  /** @internal */
  static of(parts: ClaimParts): Lock {
    return new Lock(new Claim(parts));
  }

  /** See {@link ILock.key}. */
  get key(): string {
    return this.claim.key;
  }

  /** See {@link ILock.id}. */
  get id(): string {
    return this.claim.owner;
  }

  /** See {@link ILock.ttl}. */
  get ttl(): TimeSpan | null {
    return this.claim.ttl.timeSpan;
  }

  /** See {@link ILock.fence}. */
  get fence(): bigint | null {
    return this.claim.fence === 0 ? null : BigInt(this.claim.fence);
  }

  /** See {@link ILock.state}. */
  get state(): LockStanding | null {
    return this.claim.watch()?.standing ?? null;
  }

  /** See {@link ILock.signal}. */
  get signal(): AbortSignal | null {
    return this.claim.watch()?.signal ?? null;
  }

  /** See {@link ILock.acquire}. */
  acquire(): LazyPromise<boolean> {
    return this.lazy(() => this.claim.acquire());
  }

  /** See {@link ILock.acquireOrFail}. */
  acquireOrFail(): LazyPromise<void> {
    return this.lazy(async () => this.refuseUnlessAcquired(await this.acquire()));
  }

  /** See {@link ILock.acquireBlocking}. */
  acquireBlocking(settings: LockBlockingSettings = {}): LazyPromise<boolean> {
    return this.lazy(() =>
      this.claim.acquireInTime({
        time: TimeSpan.fromTimeSpan(settings.time ?? this.claim.context.defaultBlockingTime).toMilliseconds(),
        interval: TimeSpan.fromTimeSpan(
          settings.interval ?? this.claim.context.defaultBlockingInterval,
        ).toMilliseconds(),
        signal: checkSignal(settings.signal),
      }),
    );
  }

  /** See {@link ILock.acquireBlockingOrFail}. */
  acquireBlockingOrFail(settings?: LockBlockingSettings): LazyPromise<void> {
    return this.lazy(async () => this.refuseUnlessAcquired(await this.acquireBlocking(settings)));
  }

  /** See {@link ILock.release}. */
  release(): LazyPromise<boolean> {
    return this.lazy(() => this.claim.release());
  }

  /** See {@link ILock.releaseOrFail}. */
  releaseOrFail(): LazyPromise<void> {
    return this.lazy(async () => {
      if (!(await this.release())) {
        throw new UnownedReleaseLockError(
          `Unowned release on key "${this.key}" by owner "${this.id}"`,
          undefined,
          this.claim.reports.event(),
        );
      }
    });
  }

  /** See {@link ILock.forceRelease}. */
  forceRelease(): LazyPromise<boolean> {
    return this.lazy(() => this.claim.forceRelease());
  }

  /** See {@link ILock.refresh}. */
  refresh(ttl?: ITimeSpan): LazyPromise<boolean> {
    return this.lazy(async () => (await this.claim.refresh(ttl)) > 0);
  }

  /** See {@link ILock.refreshOrFail}. */
  refreshOrFail(ttl?: ITimeSpan): LazyPromise<void> {
    return this.lazy(async () => {
      const answer = await this.claim.refresh(ttl);
      if (answer === 0) {
        throw new UnownedRefreshLockError(
          `Unowned refresh on key "${this.key}" by owner "${this.id}"`,
          undefined,
          this.claim.reports.event(),
        );
      }
      if (answer < 0) {
        throw new UnrefreshableKeyLockError(
          `Key "${this.key}" is held without an end, so it cannot be refreshed`,
          undefined,
          this.claim.reports.event(),
        );
      }
    });
  }

  /** See {@link ILock.isExpired}. */
  isExpired(): LazyPromise<boolean> {
    return this.lazy(async () => (await this.claim.look()) === null);
  }

  /** See {@link ILock.isLocked}. */
  isLocked(): LazyPromise<boolean> {
    return this.lazy(async () => (await this.claim.look()) !== null);
  }

  /** See {@link ILock.getRemainingTime}. */
  getRemainingTime(): LazyPromise<TimeSpan | null> {
    return this.lazy(async () => {
      const holder = await this.claim.look();
      return holder === null ? null : this.claim.remainingTime(holder);
    });
  }

  /** See {@link ILock.getOwner}. */
  getOwner(): LazyPromise<string> {
    return this.lazy(() => this.id);
  }

  /** See {@link ILock.getState}. */
  getState(): LazyPromise<LockState> {
    return this.lazy(async () => {
      const holder = await this.claim.look();
      if (holder === null) {
        return { type: LOCK_STATE.EXPIRED };
      }
      return holder.owner === this.id
        ? withFence({ type: LOCK_STATE.ACQUIRED, remainingTime: this.claim.remainingTime(holder) }, holder.fence)
        : withFence({ type: LOCK_STATE.UNAVAILABLE, owner: holder.owner }, holder.fence);
    });
  }

  /** See {@link ILock.run}. */
  run<T>(fn: LockWork<T>): LazyPromise<Result<T, KeyAlreadyAcquiredLockError>> {
    return this.lazy(async () => this.runIf(await this.acquire(), fn));
  }

  /** See {@link ILock.runOrFail}. */
  runOrFail<T>(fn: LockWork<T>): LazyPromise<T> {
    return this.lazy(async () => {
      await this.acquireOrFail();
      return this.runThenRelease(fn);
    });
  }

  /** See {@link ILock.runBlocking}. */
  runBlocking<T>(
    fn: LockWork<T>,
    settings?: LockBlockingSettings,
  ): LazyPromise<Result<T, KeyAlreadyAcquiredLockError>> {
    return this.lazy(async () => this.runIf(await this.acquireBlocking(settings), fn));
  }

  /** See {@link ILock.runBlockingOrFail}. */
  runBlockingOrFail<T>(fn: LockWork<T>, settings?: LockBlockingSettings): LazyPromise<T> {
    return this.lazy(async () => {
      await this.acquireBlockingOrFail(settings);
      return this.runThenRelease(fn);
    });
  }

  /** Releases, for `await using`. What goes wrong is told by an event, and not thrown over what the block did. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release().catch(() => undefined);
  }

  private lazy<T>(work: AsyncLazy<T>): LazyPromise<T> {
    return this.claim.context.lazy(work);
  }

  private async runIf<T>(isAcquired: boolean, fn: LockWork<T>): Promise<Result<T, KeyAlreadyAcquiredLockError>> {
    return isAcquired ? resultSuccess(await this.runThenRelease(fn)) : resultFailure(this.alreadyAcquired());
  }

  private async runThenRelease<T>(fn: LockWork<T>): Promise<T> {
    const leave = this.claim.context.holders.enter(this.claim);
    try {
      const holding = new RunHolding(this.claim);
      return await new LazyPromise(withHolding(fn, holding));
    } finally {
      // A release that fails has said so by an event; what the function did counts.
      await this.release().catch(() => undefined);
      leave();
    }
  }

  private refuseUnlessAcquired(isAcquired: boolean): void {
    if (!isAcquired) {
      throw this.alreadyAcquired();
    }
  }

  private alreadyAcquired(): KeyAlreadyAcquiredLockError {
    return new KeyAlreadyAcquiredLockError(`Key "${this.key}" already acquired`, undefined, this.claim.reports.event());
  }
}

// What is no work at all is refused by the lazy promise.
function withHolding<T>(work: LockWork<T>, holding: LockHolding): AsyncLazy<T> {
  return isInvokable(work)
    ? () => invoke(work as Invokable<[LockHolding], Promisable<T>>, holding)
    : (work as LazyPromise<T>);
}

/** Made for every run, so that what few look at is made when it is looked at. */
class RunHolding implements LockHolding {
  private readonly number: number;
  private watched: Hold | undefined = undefined;

  constructor(private readonly claim: Claim) {
    this.number = claim.fence;
  }

  get fence(): bigint {
    return BigInt(this.number);
  }

  get signal(): AbortSignal {
    this.watched ??= this.claim.watch();
    // It is looked at for the first time when the lock was released, so that nothing can be lost any more.
    return this.watched?.signal ?? new AbortController().signal;
  }
}

// A wait that cannot be aborted by what was meant to abort it is noticed too late.
function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw new InvalidInputError("The signal is none; pass an AbortSignal, or leave it out");
  }
  return signal;
}
