import { tellSubject } from "./contracts/errors";
import { LOCK_EVENTS, type LockEvent, type LockEventMap } from "./contracts/events";
import type { LockLoss } from "./contracts/holding";
import type { LockContext } from "./lock-context";
import type { CheckedTtl } from "./ttl";
import { withFence } from "./with-fence";

/** Tells by events what happens to one lock. */
export class LockReports {
  /** @param ttl Of the leases that the lock acquires. */
  constructor(
    private readonly context: LockContext,
    private readonly key: string,
    private readonly owner: string,
    private readonly ttl: CheckedTtl,
  ) {}

  event(): LockEvent {
    return { key: this.key, owner: this.owner };
  }

  acquired(fence: number): void {
    if (this.context.isHeard(LOCK_EVENTS.ACQUIRED)) {
      this.context.emit(LOCK_EVENTS.ACQUIRED, withFence({ ...this.event(), ttl: this.ttl.timeSpan }, fence));
    }
  }

  unavailable(): void {
    if (this.context.isHeard(LOCK_EVENTS.UNAVAILABLE)) {
      this.context.emit(LOCK_EVENTS.UNAVAILABLE, this.event());
    }
  }

  released(isReleased: boolean): void {
    const name: keyof LockEventMap = isReleased ? LOCK_EVENTS.RELEASED : LOCK_EVENTS.UNOWNED_RELEASE_TRY;
    if (this.context.isHeard(name)) {
      this.context.emit(name, this.event());
    }
  }

  forceReleased(isReleased: boolean): void {
    if (isReleased) {
      this.context.emit(LOCK_EVENTS.FORCE_RELEASED, { key: this.key });
    }
  }

  /** @param answer Positive: refreshed; zero: unowned; negative: without an end. */
  refreshed(answer: number, { timeSpan: ttl }: CheckedTtl): void {
    if (answer > 0) {
      this.context.emit(LOCK_EVENTS.REFRESHED, { ...this.event(), ttl });
    } else {
      const name = answer < 0 ? LOCK_EVENTS.UNEXPIREABLE_KEY_REFRESH_TRY : LOCK_EVENTS.UNOWNED_REFRESH_TRY;
      this.context.emit(name, this.event());
    }
  }

  lost(reason: LockLoss, fence: number): void {
    this.context.emit(LOCK_EVENTS.LOST, { ...this.event(), fence: BigInt(fence), reason });
  }

  failed(error: unknown): void {
    tellSubject(error, this.event());
    this.context.emit(LOCK_EVENTS.UNEXPECTED_ERROR, { ...this.event(), ttl: this.ttl.timeSpan, error });
  }
}
