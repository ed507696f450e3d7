import { LONGEST_TIMER } from "./turns";

/** What keeps a lease, and what happens when it cannot be kept. */
export interface LeaseSettings {
  /** In milliseconds, beginning when the lock was asked for. */
  ttl: number;
  /** Answers `false` if the lock is no longer its holder's. Never makes a lock. */
  renew(): Promise<boolean>;
  /** The lock is not its holder's any more. Called at most once, and not after the end. */
  lost?(): void;
}

/** The share of the ttl after which it is renewed. */
const RENEWAL = 1 / 3;
/** The share of the ttl after which a failed renewal is tried again. */
const RETRY = 1 / 20;

/** Renews a lock until it is released or lost. Keeps no process alive. */
export class Lease {
  private readonly settings: LeaseSettings;
  /** On the monotonic clock: what the database last granted lasts at least until then. */
  private validUntil: number;
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;

  /** @param askedAt when the lock was asked for, on the monotonic clock in milliseconds */
  constructor(settings: LeaseSettings, askedAt: number) {
    this.settings = settings;
    this.validUntil = askedAt + settings.ttl;
    this.schedule(RENEWAL);
  }

  /** Ends the renewal; the lock itself is left as it is. */
  end(): void {
    this.isOver = true;
    clearTimeout(this.timer);
  }

  private schedule(share: number): void {
    if (!this.isOver) {
      const delay = Math.min(this.settings.ttl * share, LONGEST_TIMER);
      this.timer = setTimeout(() => void this.renew(), delay);
      this.timer.unref();
    }
  }

  private async renew(): Promise<void> {
    const askedAt = performance.now();
    let isHeld: boolean;
    try {
      isHeld = await this.settings.renew();
    } catch {
      // Nobody could be asked: only the end of the lease makes that a loss.
      if (performance.now() < this.validUntil) {
        this.schedule(RETRY);
      } else {
        this.lose();
      }
      return;
    }
    if (isHeld) {
      this.validUntil = askedAt + this.settings.ttl;
      this.schedule(RENEWAL);
    } else {
      this.lose();
    }
  }

  private lose(): void {
    if (!this.isOver) {
      this.end();
      this.settings.lost?.();
    }
  }
}
