import { beat, isFailure, keep, letGo, type NativeLock, refreshed } from "../native";
import type { Hold } from "./hold";
import type { CheckedKeepAlive } from "./keep-alive";
import { hear, NOTICE_BOARD, unhear } from "./notice-board";

/** In milliseconds: signs of life are never rarer. */
const RAREST_BEAT = 60_000;

/** The renewal of a lease by the engine. */
export class Keeping {
  private id: number | undefined;

  constructor(
    readonly lock: NativeLock,
    readonly settings: CheckedKeepAlive,
    readonly hold: Hold,
  ) {
    this.showLife();
  }

  /** Begins for a grant that was asked for that many milliseconds ago. */
  begin(fence: number, ttl: number, age: number): void {
    const ticket = hear((_, standing) => standing !== undefined && this.hear(standing));
    const id = keep(this.lock, NOTICE_BOARD, ticket, fence, ttl, age, this.settings);
    this.adopt(isFailure(id) ? undefined : id, ticket);
  }

  /** Takes over what the engine began when it granted the lease to a wait. */
  adopt(id: number | undefined, ticket: number): void {
    this.id = id;
    if (this.hold.ended.aborted) {
      unhear(ticket);
    } else {
      this.hold.ended.addEventListener("abort", () => unhear(ticket), { once: true });
    }
  }

  hear(standing: string): void {
    this.hold.hear(standing);
  }

  /** The lease was refreshed by hand to last that many milliseconds, from when it was asked for that many ago. */
  refreshed(ttl: number, age: number): void {
    if (this.id !== undefined) {
      refreshed(this.lock, this.id, ttl, age);
    }
  }

  /** Ends the renewal. A promise: one is under way, and the promise is resolved when that is over. */
  end(): Promise<void> | null {
    this.hold.end();
    return this.id === undefined ? null : letGo(this.lock, this.id);
  }

  private showLife(): void {
    const { maxStall } = this.settings;
    if (maxStall === undefined) {
      return;
    }
    beat(this.lock);
    const beating = setInterval(() => beat(this.lock), Math.min(Math.max(maxStall / 4, 1), RAREST_BEAT)).unref();
    this.hold.ended.addEventListener("abort", () => clearInterval(beating), { once: true });
  }
}
