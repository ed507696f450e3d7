// What a lock provider makes of a store of leases: which of its answers mean that a key is held.

import { beforeEach, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import type { ILock, ILockData } from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";
import type { Leases } from "./leases";
import { MapDatabaseLockAdapter, MapInsertDatabaseLockAdapter } from "./map-database-lock-adapter";

const ttl = TimeSpan.fromMinutes(10);
/** The key of these tests, as it is stored. */
const KEY = "@/lock:_rt:key";

let leases: Leases;

beforeEach(() => {
  leases = new Map();
});

function expired(owner: string): ILockData {
  return { owner, expiration: ttl.toStartDate() };
}

describe.each([
  ["with transactions", () => new MapDatabaseLockAdapter(leases)],
  ["without transactions", () => new MapInsertDatabaseLockAdapter(leases)],
])("over a store %s", (_, createAdapter) => {
  function lockOf(owner: string): ILock {
    return new LockProvider({ adapter: createAdapter() }).create("key", { owner, ttl });
  }

  test.each(["owner", "another"])("an expired lease of %s is taken anew, with a new end", async (before) => {
    leases.set(KEY, expired(before));
    const lock = lockOf("owner");
    expect(await lock.acquire()).toBe(true);
    const { owner, expiration } = leases.get(KEY) as ILockData;
    expect(owner).toBe("owner");
    expect(expiration?.getTime()).toBeGreaterThan(Date.now());
    expect(await lockOf("rival").acquire()).toBe(false);
    expect(await lock.getState()).toMatchObject({ type: "ACQUIRED" });
  });

  test("an expired lease is taken by one of many, its owner among them", async () => {
    leases.set(KEY, expired("owner"));
    const owners = ["owner", ...Array.from({ length: 20 }, (_unused, index) => `rival-${index}`)];
    const answers = await Promise.all(owners.map((owner) => lockOf(owner).acquire()));
    expect(answers.filter((isAcquired) => isAcquired)).toEqual([true]);
  });

  test("an expired lease cannot be released by its owner, nor by force, nor refreshed", async () => {
    const asks: ((lock: ILock) => PromiseLike<boolean>)[] = [
      (lock) => lock.release(),
      (lock) => lock.forceRelease(),
      (lock) => lock.refresh(),
    ];
    for (const ask of asks) {
      leases.set(KEY, expired("owner"));
      expect(await ask(lockOf("owner"))).toBe(false);
      expect(await lockOf("owner").isLocked()).toBe(false);
    }
  });

  test("a refused refresh leaves a lease without an end as it is", async () => {
    leases.set(KEY, { owner: "owner", expiration: null });
    expect(await lockOf("owner").refresh()).toBe(false);
    expect(await lockOf("another").refresh()).toBe(false);
    expect(leases.get(KEY)).toEqual({ owner: "owner", expiration: null });
  });

  test("many who acquire a free key at once get one lease between them", async () => {
    const locks = Array.from({ length: 50 }, (_unused, index) => lockOf(`owner-${index}`));
    const answers = await Promise.all(locks.map((lock) => lock.acquire()));
    expect(answers.filter((isAcquired) => isAcquired)).toEqual([true]);
    const holder = locks[answers.indexOf(true)];
    expect(leases.get(KEY)?.owner).toBe(holder?.id);
  });
});

describe("an insert that is rejected", () => {
  const outage = new Error("connection lost");
  const reject = async () => Promise.reject(outage);

  function lockOver(flaw: Partial<MapInsertDatabaseLockAdapter>): ILock {
    const adapter = Object.assign(new MapInsertDatabaseLockAdapter(leases), flaw);
    return new LockProvider({ adapter }).create("key", { owner: "owner", ttl });
  }

  test("by an outage is no lease of another", async () => {
    await expect(lockOver({ insert: reject }).acquire()).rejects.toBe(outage);
    expect(leases.size).toBe(0);
  });

  test("by an outage in which nothing can be found either fails with what it was rejected with", async () => {
    leases.set(KEY, expired("another"));
    const lock = lockOver({ insert: reject, find: () => Promise.reject(new Error("connection lost, too")) });
    await expect(lock.acquire()).rejects.toBe(outage);
    expect(leases.get(KEY)?.owner).toBe("another");
  });

  test("by a lease that is gone when it is looked for is tried again", async () => {
    let inserts = 0;
    const store = new MapInsertDatabaseLockAdapter(leases);
    const lock = lockOver({
      insert: (...args) => {
        inserts += 1;
        return inserts === 1 ? reject() : store.insert(...args);
      },
    });
    expect(await lock.acquire()).toBe(true);
    expect(inserts).toBe(2);
  });

  test("by a lease that is taken over meanwhile is a refusal", async () => {
    const store = new MapInsertDatabaseLockAdapter(leases);
    leases.set(KEY, expired("another"));
    const lock = lockOver({
      updateIfExpired: (key, owner, expiration) => {
        leases.set(KEY, { owner: "rival", expiration: null });
        return store.updateIfExpired(key, owner, expiration);
      },
    });
    expect(await lock.acquire()).toBe(false);
    expect(leases.get(KEY)?.owner).toBe("rival");
  });
});
