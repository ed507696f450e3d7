import { setImmediate } from "node:timers/promises";
import type {
  IDatabaseLockAdapter,
  IDatabaseLockTransaction,
  IInsertDatabaseLockAdapter,
  ILockData,
} from "../../ts/lock/contracts";
import { isLive, type Leases } from "./leases";

/** What both forms of a database adapter have in common. */
abstract class MapStore {
  constructor(protected readonly leases: Leases) {}

  async find(key: string): Promise<ILockData | null> {
    return this.leases.get(key) ?? null;
  }

  async remove(key: string): Promise<ILockData | null> {
    const lease = this.leases.get(key) ?? null;
    this.leases.delete(key);
    return lease;
  }

  async removeIfOwner(key: string, owner: string): Promise<ILockData | null> {
    return this.leases.get(key)?.owner === owner ? this.remove(key) : null;
  }
}

/** Who has a transaction under way on which map; the others wait, as on a database in the strictest isolation. */
const UNDER_WAY = new WeakMap<Leases, Promise<unknown>>();

/** With transactions. Adapters over one map are as two processes over one database. */
export class MapDatabaseLockAdapter extends MapStore implements IDatabaseLockAdapter {
  async transaction<T>(fn: (transaction: IDatabaseLockTransaction) => Promise<T>): Promise<T> {
    const before = UNDER_WAY.get(this.leases);
    const running = (async () => {
      await before;
      return this.commit(fn);
    })();
    UNDER_WAY.set(
      this.leases,
      running.catch(() => undefined),
    );
    return running;
  }

  async updateExpiration(key: string, owner: string, expiration: Date): Promise<number> {
    const lease = this.leases.get(key);
    if (!isLive(lease) || lease.owner !== owner || lease.expiration === null) {
      return 0;
    }
    this.leases.set(key, { owner, expiration });
    return 1;
  }

  private async commit<T>(fn: (transaction: IDatabaseLockTransaction) => Promise<T>): Promise<T> {
    const written: Leases = new Map();
    const answer = await fn({
      find: async (key) => {
        await setImmediate();
        return written.get(key) ?? this.find(key);
      },
      upsert: async (key, owner, expiration) => {
        await setImmediate();
        written.set(key, { owner, expiration });
      },
    });
    for (const [key, lease] of written) {
      this.leases.set(key, lease);
    }
    return answer;
  }
}

/** Without transactions. */
export class MapInsertDatabaseLockAdapter extends MapStore implements IInsertDatabaseLockAdapter {
  async insert(key: string, owner: string, expiration: Date | null): Promise<void> {
    if (this.leases.has(key)) {
      throw new Error(`duplicate key "${key}"`);
    }
    this.leases.set(key, { owner, expiration });
  }

  async updateIfExpired(key: string, owner: string, expiration: Date | null): Promise<number> {
    const lease = this.leases.get(key);
    if (lease === undefined || isLive(lease)) {
      return 0;
    }
    this.leases.set(key, { owner, expiration });
    return 1;
  }

  async updateExpirationIfOwner(key: string, owner: string, expiration: Date): Promise<number> {
    if (this.leases.get(key)?.owner !== owner) {
      return 0;
    }
    this.leases.set(key, { owner, expiration });
    return 1;
  }
}
