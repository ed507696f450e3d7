import { type ILockAdapter, LOCK_REFRESH_RESULT, type LockRefreshResult } from "../../ts/lock/contracts";
import type { TimeSpan } from "../../ts/utilities";
import { isLive, type Leases, leaseIn } from "./leases";

/** As an application might write it: locks in a map. Adapters over one map are as two processes over one database. */
export class MapLockAdapter implements ILockAdapter {
  constructor(private readonly leases: Leases) {}

  async acquire(key: string, owner: string, ttl: TimeSpan | null): Promise<boolean> {
    if (isLive(this.leases.get(key))) {
      return false;
    }
    this.leases.set(key, { owner, expiration: ttl?.toEndDate() ?? null });
    return true;
  }

  async release(key: string, owner: string): Promise<boolean> {
    const lease = this.leases.get(key);
    return isLive(lease) && lease.owner === owner && this.leases.delete(key);
  }

  async forceRelease(key: string): Promise<boolean> {
    const wasLive = isLive(this.leases.get(key));
    this.leases.delete(key);
    return wasLive;
  }

  async refresh(key: string, owner: string, ttl: TimeSpan): Promise<LockRefreshResult> {
    const lease = this.leases.get(key);
    if (!isLive(lease) || lease.owner !== owner) {
      return LOCK_REFRESH_RESULT.UNOWNED_REFRESH;
    }
    if (lease.expiration === null) {
      return LOCK_REFRESH_RESULT.UNEXPIRABLE_KEY;
    }
    this.leases.set(key, { owner, expiration: ttl.toEndDate() });
    return LOCK_REFRESH_RESULT.REFRESHED;
  }

  async getState(key: string) {
    return leaseIn(this.leases, key);
  }
}

/** The least that an adapter has to be: it answers whether it refreshed and no more, and does not tell who holds a key. */
export class TerseLockAdapter implements ILockAdapter {
  private readonly adapter: MapLockAdapter;

  constructor(leases: Leases) {
    this.adapter = new MapLockAdapter(leases);
  }

  acquire(key: string, owner: string, ttl: TimeSpan | null): Promise<boolean> {
    return this.adapter.acquire(key, owner, ttl);
  }

  release(key: string, owner: string): Promise<boolean> {
    return this.adapter.release(key, owner);
  }

  forceRelease(key: string): Promise<boolean> {
    return this.adapter.forceRelease(key);
  }

  async refresh(key: string, owner: string, ttl: TimeSpan): Promise<boolean> {
    return (await this.adapter.refresh(key, owner, ttl)) === LOCK_REFRESH_RESULT.REFRESHED;
  }
}
