import { LONGEST_TIMER } from "../async/wait";
import { LockLostError } from "./contracts/errors";
import { LOCK_LOSS, LOCK_STANDING, type LockLoss, type LockStanding } from "./contracts/holding";

/** What a {@link Hold} is of. */
export interface HoldParts {
  readonly key: string;
  readonly owner: string;
  /** Called once if the lock is lost. */
  readonly lost?: (loss: LockLoss, fence: number) => void;
}

const EXPLANATIONS: Readonly<Record<LockLoss, string>> = {
  expired: "its lease was over before it was prolonged",
  stolen: "another holds the key",
  forced: "it was released by force",
  connection: "the database could not be reached for as long as the lease lasted",
  maxHold: "it was held for as long as maxHold allows",
  stalled: "the event loop was silent for longer than maxEventLoopStall allows",
  closed: "the provider or its adapter was closed",
};

/** The time from the grant of a lock to its release or loss. */
export class Hold {
  /** How it stands. */
  standing: LockStanding = LOCK_STANDING.HELD;
  /** Of the grant, once that is made. */
  fence = 0;
  private readonly loss = new AbortController();
  private readonly ending = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: HoldParts) {}

  /** Aborted with a `LockLostError` when the lock is lost. */
  get signal(): AbortSignal {
    return this.loss.signal;
  }

  /** Aborted when the lock is released or lost. */
  get ended(): AbortSignal {
    return this.ending.signal;
  }

  /** For a lease that nobody renews: it is lost after that many milliseconds. Said again, they count from now. */
  loseAfter(milliseconds: number): void {
    clearTimeout(this.timer);
    if (milliseconds === Number.POSITIVE_INFINITY || this.ended.aborted) {
      return;
    }
    const isFar = milliseconds > LONGEST_TIMER;
    this.timer = setTimeout(
      () => (isFar ? this.loseAfter(milliseconds - LONGEST_TIMER) : this.lose(LOCK_LOSS.EXPIRED)),
      isFar ? LONGEST_TIMER : milliseconds,
    ).unref();
  }

  /** Takes in what the engine says of the lease. */
  hear(standing: string): void {
    if (standing === LOCK_STANDING.HELD || standing === LOCK_STANDING.SUSPECT) {
      this.standing = standing;
    } else {
      this.lose(standing as LockLoss);
    }
  }

  lose(loss: LockLoss): void {
    if (this.ended.aborted) {
      return;
    }
    this.end();
    this.standing = LOCK_STANDING.LOST;
    const { key, owner, lost } = this.parts;
    const message = `Lock on key "${key}" by owner "${owner}" is lost: ${EXPLANATIONS[loss]}`;
    this.loss.abort(new LockLostError(message, undefined, { key, owner, reason: loss }));
    lost?.(loss, this.fence);
  }

  /** Nothing is lost any more. */
  end(): void {
    clearTimeout(this.timer);
    this.ending.abort();
  }
}
