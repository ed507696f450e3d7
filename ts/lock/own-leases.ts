import type { TimeSpan } from "../utilities/time-span";
import type { LockAdapterState } from "./contracts/lock-adapter";

/** From this many on, leases that have expired are cleared out before one is added. */
const CLEAR_FROM = 1024;

/** The leases that were acquired here, for adapters that cannot tell who holds a key. */
export class OwnLeases {
  private readonly leases = new Map<string, LockAdapterState>();
  private clearFrom = CLEAR_FROM;

  add(key: string, owner: string, ttl: TimeSpan | null): void {
    if (this.leases.size >= this.clearFrom) {
      this.clear();
    }
    this.leases.set(key, { owner, expiration: ttl === null ? null : ttl.toEndDate() });
  }

  /** Forgets the lease of a key; of this owner only, if one is named. */
  remove(key: string, owner?: string): void {
    if (owner === undefined || this.leases.get(key)?.owner === owner) {
      this.leases.delete(key);
    }
  }

  find(key: string): LockAdapterState | null {
    const lease = this.leases.get(key);
    return lease === undefined || isOver(lease) ? null : lease;
  }

  private clear(): void {
    for (const [key, lease] of this.leases) {
      if (isOver(lease)) {
        this.leases.delete(key);
      }
    }
    this.clearFrom = Math.max(CLEAR_FROM, 2 * this.leases.size);
  }
}

function isOver({ expiration }: LockAdapterState): boolean {
  return expiration !== null && expiration.getTime() <= Date.now();
}
