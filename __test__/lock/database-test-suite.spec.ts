// The suite of database adapters finds what is wrong with one.

import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { IDatabaseLockTransaction, ILockData } from "../../ts/lock/contracts";
import { databaseLockAdapterTestSuite } from "../../ts/lock/test-utilities";
import type { Leases } from "./leases";
import { MapDatabaseLockAdapter, MapInsertDatabaseLockAdapter } from "./map-database-lock-adapter";
import { Recorder } from "./recorder";

type Flaw<Adapter> = (right: Adapter, leases: Leases) => Partial<Adapter>;
type StoreFlaw = Flaw<Pick<MapDatabaseLockAdapter, "find" | "remove" | "removeIfOwner">>;

/** Of what both forms have in common. */
const storeFlaws: Record<string, StoreFlaw> = {
  "finds nothing that has expired": (right) => ({
    find: async (key) => unlessExpired(await right.find(key)),
  }),
  "forgets ends": (right) => ({
    find: async (key) => {
      const lease = await right.find(key);
      return lease && { ...lease, expiration: null };
    },
  }),
  "removes whatever there is for anybody": (right) => ({ removeIfOwner: (key) => right.remove(key) }),
  "answers what it did not remove": (right) => ({ removeIfOwner: (key) => right.find(key) }),
  "removes what it does not answer": (right) => ({
    removeIfOwner: async (key, owner) => {
      await right.removeIfOwner(key, owner);
      return null;
    },
  }),
  "answers nothing of what was over when it removes": (right) => ({
    remove: async (key) => unlessExpired(await right.remove(key)),
  }),
  "removes all keys": (_, leases) => ({
    remove: async (key) => {
      const lease = leases.get(key) ?? null;
      leases.clear();
      return lease;
    },
  }),
  "looks, and then removes": (right) => ({
    removeIfOwner: async (key, owner) => {
      const lease = await right.find(key);
      await setImmediate();
      await right.removeIfOwner(key, owner);
      return lease?.owner === owner ? lease : null;
    },
  }),
  "compares owners by a collation": (right) => ({
    removeIfOwner: async (key, owner) => {
      const holder = (await right.find(key))?.owner ?? owner;
      return right.removeIfOwner(key, holder.toLowerCase() === owner.toLowerCase() ? holder : owner);
    },
  }),
};

const transactionFlaws: Record<string, Flaw<MapDatabaseLockAdapter>> = {
  "has no transactions": (right, leases) => ({ transaction: (fn) => fn(autocommit(right, leases)) }),
  "keeps what a failed transaction wrote": (right, leases) => ({
    transaction: (fn) => right.transaction(() => fn(autocommit(right, leases))),
  }),
  "answers nothing": (right) => ({
    transaction: async (fn) => {
      await right.transaction(fn);
      return undefined as never;
    },
  }),
  "does not see its own writes": (right) => ({
    transaction: (fn) =>
      right.transaction((transaction) => fn({ find: (key) => right.find(key), upsert: transaction.upsert })),
  }),
  "inserts, and does not update": (right) => ({
    transaction: (fn) =>
      right.transaction((transaction) =>
        fn({
          find: transaction.find,
          upsert: async (key, ...rest) =>
            (await transaction.find(key)) === null ? transaction.upsert(key, ...rest) : undefined,
        }),
      ),
  }),
  "prolongs what is over": (_, leases) => ({
    updateExpiration: async (key, owner, expiration) => prolong(leases, key, owner, expiration, (end) => end !== null),
  }),
  "gives ends to what has none": (_, leases) => ({
    updateExpiration: async (key, owner, expiration) =>
      prolong(leases, key, owner, expiration, (end) => end === null || end.getTime() > Date.now()),
  }),
  "prolongs for anybody": (right) => ({
    updateExpiration: async (key, owner, expiration) =>
      right.updateExpiration(key, (await right.find(key))?.owner ?? owner, expiration),
  }),
  "counts what it did not prolong": (right) => ({
    updateExpiration: async (...args) => Math.max(1, await right.updateExpiration(...args)),
  }),
  "does not prolong": () => ({ updateExpiration: async () => 1 }),
};

const insertFlaws: Record<string, Flaw<MapInsertDatabaseLockAdapter>> = {
  "overwrites what is there": (_, leases) => ({
    insert: async (key, owner, expiration) => {
      leases.set(key, { owner, expiration });
    },
  }),
  "inserts over what is over": (right) => ({
    insert: async (key, owner, expiration) =>
      (await right.updateIfExpired(key, owner, expiration)) > 0 ? undefined : right.insert(key, owner, expiration),
  }),
  "ignores a second insert": (right) => ({
    insert: async (key, owner, expiration) => {
      await right.insert(key, owner, expiration).catch(() => undefined);
    },
  }),
  "looks, and then inserts": (right, leases) => ({
    insert: async (key, owner, expiration) => {
      const isTaken = (await right.find(key)) !== null;
      await setImmediate();
      if (isTaken) {
        throw new Error("duplicate key");
      }
      leases.set(key, { owner, expiration });
    },
  }),
  "takes what is not over": (_, leases) => ({
    updateIfExpired: async (key, owner, expiration) => prolong(leases, key, owner, expiration, () => true, true),
  }),
  "takes what has no end": (right, leases) => ({
    updateIfExpired: async (key, owner, expiration) =>
      leases.get(key)?.expiration === null
        ? prolong(leases, key, owner, expiration, () => true, true)
        : right.updateIfExpired(key, owner, expiration),
  }),
  "takes nothing": () => ({ updateIfExpired: async () => 0 }),
  "looks, and then takes": (right, leases) => ({
    updateIfExpired: async (key, owner, expiration) => {
      const lease = await right.find(key);
      await setImmediate();
      return lease !== null && unlessExpired(lease) === null
        ? prolong(leases, key, owner, expiration, () => true, true)
        : 0;
    },
  }),
  "prolongs for anybody": (_, leases) => ({
    updateExpirationIfOwner: async (key, owner, expiration) =>
      prolong(leases, key, leases.get(key)?.owner ?? owner, expiration, () => true),
  }),
  "asks whether it is over before it prolongs": (_, leases) => ({
    updateExpirationIfOwner: async (key, owner, expiration) =>
      prolong(leases, key, owner, expiration, (end) => end !== null && end.getTime() > Date.now()),
  }),
};

describe("the suite of adapters with transactions", () => {
  test("has nothing to say against one that is right", async () => {
    expect(await firstFailure(() => ({}))).toBeUndefined();
  });

  test.each(Object.entries({ ...storeFlaws, ...transactionFlaws }))("finds one that %s", async (_, flaw) => {
    expect(await firstFailure(flaw as Flaw<MapDatabaseLockAdapter>)).toBeDefined();
  });

  async function firstFailure(flaw: Flaw<MapDatabaseLockAdapter>): Promise<string | undefined> {
    const recorder = new Recorder();
    databaseLockAdapterTestSuite({
      ...recorder.primitives,
      createAdapter: () => flawed((leases) => new MapDatabaseLockAdapter(leases), flaw),
    });
    expect(new Set(recorder.names).size).toBe(recorder.names.length);
    return recorder.firstFailure();
  }
});

describe("the suite of adapters without transactions", () => {
  test("has nothing to say against one that is right", async () => {
    expect(await firstFailure(() => ({}))).toBeUndefined();
  });

  test.each(Object.entries({ ...storeFlaws, ...insertFlaws }))("finds one that %s", async (_, flaw) => {
    expect(await firstFailure(flaw as Flaw<MapInsertDatabaseLockAdapter>)).toBeDefined();
  });

  async function firstFailure(flaw: Flaw<MapInsertDatabaseLockAdapter>): Promise<string | undefined> {
    const recorder = new Recorder();
    databaseLockAdapterTestSuite({
      ...recorder.primitives,
      form: "insert",
      createAdapter: () => flawed((leases) => new MapInsertDatabaseLockAdapter(leases), flaw),
    });
    expect(new Set(recorder.names).size).toBe(recorder.names.length);
    return recorder.firstFailure();
  }
});

/** An adapter that is right but for what is put in the place of some methods. */
function flawed<Adapter extends object>(create: (leases: Leases) => Adapter, flaw: Flaw<Adapter>): Adapter {
  const leases: Leases = new Map();
  return Object.assign(create(leases), flaw(create(leases), leases));
}

function unlessExpired(lease: ILockData | null): ILockData | null {
  return lease?.expiration && lease.expiration.getTime() <= Date.now() ? null : lease;
}

function autocommit(right: MapDatabaseLockAdapter, leases: Leases): IDatabaseLockTransaction {
  return {
    find: (key) => right.find(key),
    upsert: async (key, owner, expiration) => {
      leases.set(key, { owner, expiration });
    },
  };
}

/** Changes a lease whose end is right; only this owner's, unless anybody may. Answers how many it changed. */
function prolong(
  leases: Leases,
  key: string,
  owner: string,
  expiration: Date | null,
  isRight: (end: Date | null) => boolean,
  mayAnybody = false,
): number {
  const lease = leases.get(key);
  if (lease === undefined || !isRight(lease.expiration) || (lease.owner !== owner && !mayAnybody)) {
    return 0;
  }
  leases.set(key, { owner, expiration });
  return 1;
}
