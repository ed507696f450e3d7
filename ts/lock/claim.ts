import { onAbort } from "../async/on-abort";
import { type NativeHolder, type NativeLock, NativeVerb } from "../native";
import type { Promisable } from "../utilities/invokable";
import type { NamespacedKey } from "../utilities/namespace";
import { type ITimeSpan, TimeSpan } from "../utilities/time-span";
import { tellSubject } from "./contracts/errors";
import { LOCK_EVENTS, type LockEvent, type LockEventMap } from "./contracts/events";
import type { LockLoss } from "./contracts/holding";
import { Hold } from "./hold";
import type { Holder } from "./holders";
import type { CheckedKeepAlive } from "./keep-alive";
import { Keeping } from "./keeping";
import type { LockContext } from "./lock-context";
import { type CheckedTtl, checkTtl } from "./ttl";
import { withFence } from "./with-fence";

/** In milliseconds: by how much two accounts of one lease may differ because an answer takes its time. */
const LATENCY = 100;

// Looked up once: through the module they would be looked up for every verb, which in memory is a tenth of its time.
const { Acquire, Release, ForceRelease, Refresh } = NativeVerb;

/** What a {@link Claim} is made of. */
export interface ClaimParts {
  readonly context: LockContext;
  readonly handle: NativeLock;
  readonly key: NamespacedKey;
  readonly owner: string;
  readonly ttl: CheckedTtl;
  /** `undefined`: leases are not kept. */
  readonly keepAlive: CheckedKeepAlive | undefined;
  /** The fence of a grant that was made to the same owner elsewhere; zero: none. */
  readonly fence: number;
}

/** How long and how often to try for a key. Times are in milliseconds. */
export interface ClaimWait {
  readonly time: number;
  readonly interval: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * What a lock wants and has: the verbs on one key for one owner, at once and without laziness, with the events they cause
 * and the memory of the last grant.
 */
export class Claim implements Holder {
  /** The key, without its namespace. */
  readonly key: string;
  readonly segments: readonly string[];
  readonly owner: string;
  readonly ttl: CheckedTtl;
  readonly context: LockContext;
  /** The fence of the last grant; zero before the first and after a release. */
  fence: number;
  private readonly handle: NativeLock;
  /** The key with its namespace. */
  private readonly storedKey: string;
  /** When the last lease was granted or prolonged, on the clock of `performance.now`. */
  private leaseBegun = 0;
  /** How long it lasts; zero if none was granted here. */
  private leaseMilliseconds = 0;
  private readonly keepAlive: CheckedKeepAlive | undefined;
  /** The renewal of the last grant. */
  private keeping: Keeping | undefined = undefined;
  /** The hold of the last grant, if anybody has asked for it. */
  private watched: Hold | undefined = undefined;

  constructor({ context, handle, key, owner, ttl, keepAlive, fence }: ClaimParts) {
    this.key = key.resolved;
    this.segments = key.segments;
    this.storedKey = key.namespaced;
    this.owner = owner;
    this.ttl = ttl;
    this.context = context;
    this.handle = handle;
    this.keepAlive = keepAlive;
    this.fence = fence;
  }

  /** Tries once and reports a refusal. */
  acquire(): Promisable<boolean> {
    this.context.refuseIfClosed();
    return this.ask(Acquire, this.ttl.milliseconds, this.concludeAcquire);
  }

  /** Tries once: a positive number if granted, else minus the milliseconds until the holder's lease ends, if known. */
  attempt(): Promisable<number> {
    this.context.refuseIfClosed();
    return this.ask(Acquire, this.ttl.milliseconds, this.concludeAttempt);
  }

  /** Tries, and then waits for as long as that. `false`: the time is over. Rejects with the reason of the signal. */
  async acquireInTime({ time, interval, signal: given }: ClaimWait): Promise<boolean> {
    given?.throwIfAborted();
    const { engine, closing } = this.context;
    const signal = given === undefined ? closing : AbortSignal.any([given, closing]);
    const begun = performance.now();
    if (time === 0 || !engine.isWaitedFor(this.storedKey)) {
      if ((await this.unlessAborted(this.attempt(), signal)) > 0) {
        return true;
      }
    }
    // Those who wait already come first, and the key is held for them.
    this.reportUnavailable();
    const left = time - (performance.now() - begun);
    if (left <= 0) {
      return false;
    }
    const keeping = this.prepareKeeping();
    try {
      const answer = await engine.wait({
        lock: this.handle,
        key: this.storedKey,
        ttl: this.ttl.milliseconds,
        time: left,
        interval,
        signal,
        stillWaiting: (intervals) => {
          // By their number: timers fire early by fractions of a millisecond.
          if (intervals * Math.max(interval, 1) < time) {
            this.reportUnavailable();
          }
        },
        keeping,
        grantedTooLate: (fence) => {
          this.undo(fence, keeping);
        },
      });
      if (answer !== null) {
        return this.concludeWait(answer, keeping);
      }
    } catch (error) {
      throw signal.aborted && error === signal.reason ? error : this.failed(error);
    }
    // A last try, for a release that nobody told of; with others in line, it would be theirs.
    return !engine.isWaitedFor(this.storedKey) && (await this.attempt()) > 0;
  }

  reportUnavailable(): void {
    if (this.context.isHeard(LOCK_EVENTS.UNAVAILABLE)) {
      this.context.emit(LOCK_EVENTS.UNAVAILABLE, this.event());
    }
  }

  /** Of the grant that this object knows of, if it does: what the owner was granted since is not given back. */
  release(): Promisable<boolean> {
    const { fence } = this;
    const underWay = this.keeping?.end();
    return underWay instanceof Promise
      ? underWay.then(() => this.ask(Release, fence, this.concludeRelease))
      : this.ask(Release, fence, this.concludeRelease);
  }

  forceRelease(): Promisable<boolean> {
    return this.ask(ForceRelease, 0, this.concludeForceRelease);
  }

  /** Positive: refreshed; zero: unowned; negative: without an end. */
  refresh(ttl: ITimeSpan = this.context.defaultRefreshTime): Promisable<number> {
    const checked = checkTtl(ttl);
    return this.ask(Refresh, checked.milliseconds, (answer) => {
      if (answer > 0) {
        this.remember(checked);
        if (this.keeping === undefined) {
          this.watched?.loseAfter(checked.milliseconds);
        }
        this.context.emit(LOCK_EVENTS.REFRESHED, { ...this.event(), ttl: checked.timeSpan });
      } else {
        const name = answer < 0 ? LOCK_EVENTS.UNEXPIREABLE_KEY_REFRESH_TRY : LOCK_EVENTS.UNOWNED_REFRESH_TRY;
        this.context.emit(name, this.event());
      }
      return answer;
    });
  }

  async look(): Promise<NativeHolder | null> {
    try {
      return await this.context.engine.look(this.handle);
    } catch (error) {
      throw this.failed(error);
    }
  }

  /**
   * How much longer a holder holds; `null`: without an end. Of its own lease the claim knows better than an answer that
   * took its time: right after it was acquired, the whole ttl is left. But another object of the same owner may have
   * refreshed it since, and then only the store knows. A fence of zero comes from a store that keeps none.
   */
  remainingTime({ owner, remaining, fence }: NativeHolder): TimeSpan | null {
    if (remaining === undefined) {
      return null;
    }
    const isOwn = this.leaseMilliseconds > 0 && owner === this.owner && (fence === this.fence || fence === 0);
    const known = this.leaseMilliseconds - (performance.now() - this.leaseBegun);
    const left = isOwn && Math.abs(known - remaining) < LATENCY ? known : remaining;
    return TimeSpan.fromMilliseconds(Math.max(Math.ceil(left), 0));
  }

  /** Says that the lock is lost, and gives it back. If that fails, the lease ends with its ttl. */
  async dispossess(loss: LockLoss): Promise<void> {
    const { fence } = this;
    this.watch()?.lose(loss);
    await this.keeping?.end();
    await Promise.resolve(this.context.engine.ask(this.handle, Release, fence)).catch(ignore);
  }

  /** The hold of the last grant; `undefined`: there is none, or it was released. */
  watch(): Hold | undefined {
    if (this.watched === undefined && this.fence > 0) {
      this.watched = new Hold({ key: this.key, owner: this.owner });
      this.watched.loseAfter(this.leaseLeft());
    }
    return this.watched;
  }

  /** In milliseconds, as far as is known here. Of a grant that was made elsewhere, nothing is. */
  private leaseLeft(): number {
    if (this.context.engine.isImmediate) {
      const holder = this.context.engine.look(this.handle) as NativeHolder | null;
      return holder?.fence === this.fence ? (holder.remaining ?? Number.POSITIVE_INFINITY) : 0;
    }
    return this.leaseMilliseconds === 0
      ? Number.POSITIVE_INFINITY
      : this.leaseMilliseconds - (performance.now() - this.leaseBegun);
  }

  event(): LockEvent {
    return { key: this.key, owner: this.owner };
  }

  // Not through async functions: in memory the answer is there at once, and two more turns would be half of the time.
  private ask<T>(verb: NativeVerb, argument: number, conclude: (answer: number, asked: number) => T): Promisable<T> {
    const asked = this.keepAlive === undefined ? 0 : performance.now();
    let answer: Promisable<number>;
    try {
      answer = this.context.engine.ask(this.handle, verb, argument);
    } catch (error) {
      throw this.failed(error);
    }
    return typeof answer === "number"
      ? conclude.call(this, answer, asked)
      : answer.then(
          (late) => conclude.call(this, late, asked),
          (error: unknown) => {
            throw this.failed(error);
          },
        );
  }

  /** An attempt that is under way when the signal is aborted is undone if it is granted. */
  private async unlessAborted(attempt: Promisable<number>, signal: AbortSignal | undefined): Promise<number> {
    if (signal === undefined || typeof attempt === "number") {
      return attempt;
    }
    let forget = ignore;
    const aborted = new Promise<never>((_, reject) => {
      forget = onAbort(signal, () => reject(signal.reason));
    });
    try {
      return await Promise.race([attempt, aborted]);
    } catch (error) {
      if (signal.aborted) {
        attempt.then((answer) => answer > 0 && this.undo(answer), ignore);
      }
      throw error;
    } finally {
      forget();
    }
  }

  /** Gives back a grant that nobody wants any more. If that fails, the lease ends with its ttl. */
  private undo(fence: number, keeping?: Keeping): void {
    void keeping?.end();
    Promise.resolve(this.context.engine.ask(this.handle, Release, fence)).catch(ignore);
    this.forget();
  }

  private concludeAttempt(answer: number, asked: number): number {
    if (answer <= 0) {
      return answer;
    }
    // A connection broke, and what was found afterwards is the grant that this lock has already.
    if (answer === this.fence) {
      return 0;
    }
    const keeping = this.prepareKeeping();
    if (keeping !== undefined) {
      const age = performance.now() - asked;
      if (age >= this.ttl.milliseconds) {
        // It took so long to arrive that it is over: there is nothing to keep.
        this.undo(answer);
        return 0;
      }
      keeping.begin(answer, this.ttl.milliseconds, age);
    }
    this.hold(answer, keeping);
    return answer;
  }

  private concludeWait(answer: number, keeping: Keeping | undefined): boolean {
    if (answer > 0) {
      this.hold(answer, keeping);
    }
    return answer > 0;
  }

  private hold(fence: number, keeping: Keeping | undefined): void {
    this.fence = fence;
    this.keeping = keeping;
    this.watched = keeping?.hold;
    this.remember(this.ttl);
    if (keeping !== undefined) {
      this.context.holders.enterUntil(keeping.hold.ended, this);
    }
    if (this.context.isHeard(LOCK_EVENTS.ACQUIRED)) {
      this.context.emit(LOCK_EVENTS.ACQUIRED, withFence({ ...this.event(), ttl: this.ttl.timeSpan }, fence));
    }
  }

  /** `undefined`: leases of this lock are not kept. */
  private prepareKeeping(): Keeping | undefined {
    if (this.keepAlive === undefined) {
      return undefined;
    }
    const hold = new Hold({
      key: this.key,
      owner: this.owner,
      lost: (reason) => this.context.emit(LOCK_EVENTS.LOST, { ...this.event(), fence: BigInt(this.fence), reason }),
    });
    return new Keeping(this.handle, this.keepAlive, hold);
  }

  private concludeAcquire(answer: number, asked: number): boolean {
    const isAcquired = this.concludeAttempt(answer, asked) > 0;
    if (!isAcquired) {
      this.reportUnavailable();
    }
    return isAcquired;
  }

  private concludeRelease(answer: number): boolean {
    const name: keyof LockEventMap = answer > 0 ? LOCK_EVENTS.RELEASED : LOCK_EVENTS.UNOWNED_RELEASE_TRY;
    this.forget();
    if (this.context.isHeard(name)) {
      this.context.emit(name, this.event());
    }
    return answer > 0;
  }

  private concludeForceRelease(answer: number): boolean {
    this.forget();
    if (answer > 0) {
      this.context.emit(LOCK_EVENTS.FORCE_RELEASED, { key: this.key });
    }
    return answer > 0;
  }

  // An immediate engine knows the remaining time as well as the claim could.
  private remember({ milliseconds }: CheckedTtl): void {
    if (!this.context.engine.isImmediate) {
      this.leaseBegun = performance.now();
      this.leaseMilliseconds = milliseconds;
    }
  }

  private forget(): void {
    this.fence = 0;
    this.leaseMilliseconds = 0;
    void this.keeping?.end();
    this.keeping = undefined;
    this.watched?.end();
    this.watched = undefined;
  }

  private failed(error: unknown): unknown {
    tellSubject(error, this.event());
    this.context.emit(LOCK_EVENTS.UNEXPECTED_ERROR, { ...this.event(), ttl: this.ttl.timeSpan, error });
    return error;
  }
}

function ignore(): void {}
