import { LONGEST_TIMER } from "../../async/wait";
import { InvalidInputError } from "../../utilities/errors";
import { type ITimeSpan, TimeSpan } from "../../utilities/time-span";
import type { LockEngine } from "../engine";

/** How much earlier or later than the interval a removal may come, in parts of it: processes do not stay in step. */
const JITTER = 0.2;

/**
 * Removes what has expired, again and again: one removal at a time, the next an interval after the last. It keeps neither
 * the process nor the engine alive. A removal that fails is left to the next one, since nothing depends on it.
 */
export class ExpiredKeysRemoval {
  private readonly engine: WeakRef<LockEngine>;
  private readonly interval: number;
  private timer: NodeJS.Timeout | undefined;

  /** @throws InvalidInputError if the interval is no time span, or not a positive one. */
  constructor(interval: ITimeSpan, engine: LockEngine) {
    this.interval = TimeSpan.fromTimeSpan(interval).toMilliseconds();
    if (!(this.interval > 0)) {
      throw new InvalidInputError(
        "The expiredKeysRemovalInterval is not longer than nothing; pass a TimeSpan, or shouldRemoveExpiredKeys: false",
      );
    }
    this.engine = new WeakRef(engine);
  }

  /** Begins, unless it has begun. */
  start(): void {
    this.timer ??= this.schedule();
  }

  /** Ends; a removal that is under way is not interrupted. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private schedule(): NodeJS.Timeout {
    const delay = this.interval * (1 - JITTER + 2 * JITTER * Math.random());
    const timer = setTimeout(() => void this.run(timer), Math.min(delay, LONGEST_TIMER));
    return timer.unref();
  }

  private async run(timer: NodeJS.Timeout): Promise<void> {
    try {
      await this.engine.deref()?.removeAllExpired();
    } catch {
      // Nothing to be done, and nobody to be told: what has expired counts as removed already.
    }
    // Not if it was stopped meanwhile, and perhaps begun again.
    if (this.timer === timer && this.engine.deref() !== undefined) {
      this.timer = this.schedule();
    }
  }
}
