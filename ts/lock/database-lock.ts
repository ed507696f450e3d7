import type { TimeSpan } from "../utilities/time-span";
import { booleanOf, countOf, holderOf, leaseOf } from "./adapter-answer";
import type {
  IDatabaseLockAdapter,
  IInsertDatabaseLockAdapter,
  ILockData,
  ILockExpirationData,
} from "./contracts/database-lock-adapter";
import {
  type ILockAdapter,
  LOCK_REFRESH_RESULT,
  type LockAdapterState,
  type LockRefreshResult,
} from "./contracts/lock-adapter";

/** The verbs of a lock over a store of leases. How it acquires and refreshes depends on what the store can do. */
abstract class DatabaseLock implements ILockAdapter {
  constructor(private readonly store: Pick<IDatabaseLockAdapter, "find" | "remove" | "removeIfOwner">) {}

  abstract acquire(key: string, owner: string, ttl: TimeSpan | null): Promise<boolean>;

  /** Sets the end of a lease that is this owner's, has an end and has not expired. Whether it did. */
  protected abstract prolong(key: string, owner: string, expiration: Date): Promise<boolean>;

  async release(key: string, owner: string): Promise<boolean> {
    return isLive(leaseOf("removeIfOwner", await this.store.removeIfOwner(key, owner)));
  }

  async forceRelease(key: string): Promise<boolean> {
    return isLive(leaseOf("remove", await this.store.remove(key)));
  }

  async refresh(key: string, owner: string, ttl: TimeSpan): Promise<LockRefreshResult> {
    if (await this.prolong(key, owner, ttl.toEndDate())) {
      return LOCK_REFRESH_RESULT.REFRESHED;
    }
    const lease = await this.find(key);
    return lease?.owner === owner && lease.expiration === null
      ? LOCK_REFRESH_RESULT.UNEXPIRABLE_KEY
      : LOCK_REFRESH_RESULT.UNOWNED_REFRESH;
  }

  async getState(key: string): Promise<LockAdapterState | null> {
    const lease = await this.find(key);
    return isLive(lease) ? lease : null;
  }

  /** The lease of a key, expired or not. */
  protected async find(key: string): Promise<ILockData | null> {
    return holderOf("find", await this.store.find(key));
  }
}

/** Over a store with transactions. */
export class TransactionDatabaseLock extends DatabaseLock {
  constructor(private readonly adapter: IDatabaseLockAdapter) {
    super(adapter);
  }

  async acquire(key: string, owner: string, ttl: TimeSpan | null): Promise<boolean> {
    const isAcquired = await this.adapter.transaction(async (transaction) => {
      // Expired or not is asked before whose it is: an own lease that is over must be written anew.
      if (isLive(leaseOf("find", await transaction.find(key)))) {
        return false;
      }
      await transaction.upsert(key, owner, endOf(ttl));
      return true;
    });
    return booleanOf("transaction", isAcquired);
  }

  protected async prolong(key: string, owner: string, expiration: Date): Promise<boolean> {
    return countOf("updateExpiration", await this.adapter.updateExpiration(key, owner, expiration)) > 0;
  }
}

/** Over a store that rejects a second insert. */
export class InsertDatabaseLock extends DatabaseLock {
  constructor(private readonly adapter: IInsertDatabaseLockAdapter) {
    super(adapter);
  }

  async acquire(key: string, owner: string, ttl: TimeSpan | null): Promise<boolean> {
    const expiration = endOf(ttl);
    for (let isSecond = false; ; isSecond = true) {
      try {
        await this.adapter.insert(key, owner, expiration);
        return true;
      } catch (error) {
        if (await this.isTaken(key, error)) {
          return countOf("updateIfExpired", await this.adapter.updateIfExpired(key, owner, expiration)) > 0;
        }
        // The lease that refused the first may have gone in between; what refuses a second is no lease.
        if (isSecond) {
          throw error;
        }
      }
    }
  }

  protected async prolong(key: string, owner: string, expiration: Date): Promise<boolean> {
    const lease = await this.find(key);
    return (
      isLive(lease) &&
      lease.owner === owner &&
      lease.expiration !== null &&
      countOf("updateExpirationIfOwner", await this.adapter.updateExpirationIfOwner(key, owner, expiration)) > 0
    );
  }

  // An insert is rejected by a lease, or because the database could not be asked; only looking tells which.
  private async isTaken(key: string, rejection: unknown): Promise<boolean> {
    try {
      return (await this.find(key)) !== null;
    } catch {
      throw rejection;
    }
  }
}

function isLive<Lease extends ILockExpirationData | ILockData>(lease: Lease | null): lease is Lease {
  return lease !== null && (lease.expiration === null || lease.expiration.getTime() > Date.now());
}

function endOf(ttl: TimeSpan | null): Date | null {
  return ttl === null ? null : ttl.toEndDate();
}
