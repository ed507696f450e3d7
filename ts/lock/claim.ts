import { type NativeHolder, type NativeLock, NativeVerb } from "../native";
import type { Promisable } from "../utilities/invokable";
import type { NamespacedKey } from "../utilities/namespace";
import { type ITimeSpan, TimeSpan } from "../utilities/time-span";
import { tellSubject } from "./contracts/errors";
import { LOCK_EVENTS, type LockEvent, type LockEventMap } from "./contracts/events";
import type { LockContext } from "./lock-context";
import { type CheckedTtl, checkTtl } from "./ttl";

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
export class Claim {
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

  constructor({ context, handle, key, owner, ttl, fence }: ClaimParts) {
    this.key = key.resolved;
    this.segments = key.segments;
    this.storedKey = key.namespaced;
    this.owner = owner;
    this.ttl = ttl;
    this.context = context;
    this.handle = handle;
    this.fence = fence;
  }

  /** Tries once and reports a refusal. */
  acquire(): Promisable<boolean> {
    return this.ask(Acquire, this.ttl, this.concludeAcquire);
  }

  /** Tries once: a positive number if granted, else minus the milliseconds until the holder's lease ends, if known. */
  attempt(): Promisable<number> {
    return this.ask(Acquire, this.ttl, this.concludeAttempt);
  }

  /** Tries, and then waits for as long as that. `false`: the time is over. Rejects with the reason of the signal. */
  async acquireInTime({ time, interval, signal }: ClaimWait): Promise<boolean> {
    signal?.throwIfAborted();
    const { engine } = this.context;
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
        grantedTooLate: () => this.undo(),
      });
      if (answer !== null) {
        return this.concludeAttempt(answer) > 0;
      }
    } catch (error) {
      throw signal?.aborted === true && error === signal.reason ? error : this.failed(error);
    }
    // A last try, for a release that nobody told of; with others in line, it would be theirs.
    return !engine.isWaitedFor(this.storedKey) && (await this.attempt()) > 0;
  }

  reportUnavailable(): void {
    if (this.context.isHeard(LOCK_EVENTS.UNAVAILABLE)) {
      this.context.emit(LOCK_EVENTS.UNAVAILABLE, this.event());
    }
  }

  release(): Promisable<boolean> {
    return this.ask(Release, null, this.concludeRelease);
  }

  forceRelease(): Promisable<boolean> {
    return this.ask(ForceRelease, null, this.concludeForceRelease);
  }

  /** Positive: refreshed; zero: unowned; negative: without an end. */
  refresh(ttl: ITimeSpan = this.context.defaultRefreshTime): Promisable<number> {
    const checked = checkTtl(ttl);
    return this.ask(Refresh, checked, (answer) => {
      if (answer > 0) {
        this.remember(checked);
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

  event(): LockEvent {
    return { key: this.key, owner: this.owner };
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

  /** An attempt that is under way when the signal is aborted is undone if it is granted. */
  private async unlessAborted(attempt: Promisable<number>, signal: AbortSignal | undefined): Promise<number> {
    if (signal === undefined || typeof attempt === "number") {
      return attempt;
    }
    let abort = (): void => {};
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
    });
    try {
      return await Promise.race([attempt, aborted]);
    } catch (error) {
      if (signal.aborted) {
        attempt.then((answer) => answer > 0 && this.undo(), ignore);
      }
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Gives back a grant that nobody wants any more. If that fails, the lease ends with its ttl. */
  private undo(): void {
    Promise.resolve(this.context.engine.ask(this.handle, Release, 0)).catch(ignore);
    this.forget();
  }

  private concludeAttempt(answer: number): number {
    if (answer > 0) {
      this.fence = answer;
      this.remember(this.ttl);
      if (this.context.isHeard(LOCK_EVENTS.ACQUIRED)) {
        this.context.emit(LOCK_EVENTS.ACQUIRED, { ...this.event(), ttl: this.ttl.timeSpan });
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
  }

  private failed(error: unknown): unknown {
    tellSubject(error, this.event());
    this.context.emit(LOCK_EVENTS.UNEXPECTED_ERROR, { ...this.event(), ttl: this.ttl.timeSpan, error });
    return error;
  }
}

function ignore(): void {}
