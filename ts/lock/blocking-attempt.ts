import { type FollowingSignal, followSignals } from "../async/follow-signals";
import { onAbort } from "../async/on-abort";
import { NativeVerb } from "../native";
import type { Promisable } from "../utilities/invokable";
import type { Claim } from "./claim";
import type { Keeping } from "./keeping";

/** How long and how often to try for a key. Times are in milliseconds. */
export interface BlockingTime {
  readonly time: number;
  readonly interval: number;
  readonly signal: AbortSignal | undefined;
}

/** Tries for a key, and then waits for it, for as long as that. */
export class BlockingAttempt {
  private readonly begun = performance.now();
  private readonly following: FollowingSignal;

  constructor(
    private readonly claim: Claim,
    private readonly blocking: BlockingTime,
  ) {
    const { closing } = claim.context;
    this.following =
      blocking.signal === undefined ? { signal: closing, forget: ignore } : followSignals([blocking.signal, closing]);
  }

  /** `false`: the time is over. Rejects with the reason of the signal. To be asked for once. */
  async outcome(): Promise<boolean> {
    try {
      return await this.tryAndWait();
    } finally {
      this.following.forget();
    }
  }

  private async tryAndWait(): Promise<boolean> {
    const { claim, blocking } = this;
    blocking.signal?.throwIfAborted();
    const { engine } = claim.context;
    if (claim.leaving !== undefined) {
      await this.unlessAborted(claim.leaving.then(() => 0));
    }
    const first = blocking.time === 0 ? claim.attempt() : engine.tryFirst(claim.storedKey, () => claim.attempt());
    if ((await this.unlessAborted(first)) > 0) {
      return true;
    }
    // Those who wait already come first, and the key is held for them.
    claim.reports.unavailable();
    const left = blocking.time - (performance.now() - this.begun);
    if (left <= 0) {
      return false;
    }
    const answer = await this.wait(left);
    if (answer !== null) {
      return answer;
    }
    // A last try, for a release that nobody told of; with others in line, it would be theirs.
    return !engine.isWaitedFor(claim.storedKey) && (await claim.attempt()) > 0;
  }

  /** `null`: the time is over. */
  private async wait(time: number): Promise<boolean | null> {
    const { claim, blocking } = this;
    const { signal } = this.following;
    const keeping = claim.prepareKeeping();
    let answer: number | null = null;
    try {
      // It may have been aborted after the first try was answered, and is not heard of twice.
      signal.throwIfAborted();
      answer = await claim.context.engine.wait({
        lock: claim.handle,
        key: claim.storedKey,
        ttl: claim.ttl.milliseconds,
        time,
        interval: blocking.interval,
        signal,
        stillWaiting: (intervals) => this.stillWaiting(intervals),
        keeping,
        leaving: (attempt) => claim.leave(attempt, keeping),
      });
    } catch (error) {
      throw signal.aborted && error === signal.reason ? error : claim.failed(error, NativeVerb.Acquire);
    } finally {
      this.endUnlessGranted(answer, keeping);
    }
    return answer === null ? null : claim.concludeWait(answer, keeping);
  }

  private endUnlessGranted(answer: number | null, keeping: Keeping | undefined): void {
    if (answer === null || answer <= 0) {
      void keeping?.end();
    }
  }

  private stillWaiting(intervals: number): void {
    const { time, interval } = this.blocking;
    // By their number: timers fire early by fractions of a millisecond.
    if (intervals * Math.max(interval, 1) < time) {
      this.claim.reports.unavailable();
    }
  }

  /** An attempt that is under way when the signal is aborted is undone if it is granted. */
  private async unlessAborted(attempt: Promisable<number>): Promise<number> {
    const { signal } = this.following;
    if (typeof attempt === "number") {
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
        this.claim.leave(attempt);
      }
      throw error;
    } finally {
      forget();
    }
  }
}

function ignore(): void {}
