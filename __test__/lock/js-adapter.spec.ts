// Adapters that an application writes itself, in each form there is a contract for: locks over them pass the same tests
// as locks over the adapters of this package.

import { AsyncLocalStorage } from "node:async_hooks";
import { beforeEach, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { type IDatabaseLockAdapter, type ILockAdapter, LOCK_STATE } from "../../ts/lock/contracts";
import {
  databaseLockAdapterTestSuite,
  lockAdapterTestSuite,
  lockProviderTestSuite,
  type TestableLockAdapter,
} from "../../ts/lock/test-utilities";
import { InvalidInputError, Namespace, TimeSpan } from "../../ts/utilities";
import { everyNameIsAMethod, methodsOf, restMethodsOf, thenableMethodsOf } from "./adapter-shapes";
import { type Leases, leaseIn } from "./leases";
import { MapDatabaseLockAdapter, MapInsertDatabaseLockAdapter } from "./map-database-lock-adapter";
import { MapLockAdapter, TerseLockAdapter } from "./map-lock-adapter";

const primitives = { expect, test, describe, beforeEach };
const ttl = TimeSpan.fromMinutes(10);

let leases: Leases;

beforeEach(() => {
  leases = new Map();
});

describe("an ILockAdapter that tells who holds a key", () => {
  lockAdapterTestSuite({ ...primitives, createAdapter: () => new MapLockAdapter(leases) });
  lockProviderTestSuite({
    ...primitives,
    createLockProvider: () => ({
      lockProvider: new LockProvider({ adapter: new MapLockAdapter(leases) }),
      otherLockProvider: new LockProvider({ adapter: new MapLockAdapter(leases) }),
    }),
  });
});

describe("an ILockAdapter that tells nothing but yes and no", () => {
  // The suite looks at what the verbs leave behind. Where the adapter cannot tell, the map can.
  lockAdapterTestSuite({
    ...primitives,
    createAdapter: () =>
      Object.assign(new TerseLockAdapter(leases), { getState: async (key: string) => leaseIn(leases, key) }),
  });

  // One adapter for both providers: of leases that were acquired elsewhere such an adapter lets nobody know.
  lockProviderTestSuite({
    ...primitives,
    createLockProvider: () => {
      const adapter = new TerseLockAdapter(leases);
      return { lockProvider: new LockProvider({ adapter }), otherLockProvider: new LockProvider({ adapter }) };
    },
  });

  test("refuses a key that is held elsewhere, and does not know it to be held", async () => {
    const elsewhere = new LockProvider({ adapter: new TerseLockAdapter(leases) }).create("key", { ttl: null });
    const here = new LockProvider({ adapter: new TerseLockAdapter(leases) }).create("key");
    await elsewhere.acquire();
    expect(await here.acquire()).toBe(false);
    expect(await here.getState()).toEqual({ type: LOCK_STATE.EXPIRED });
    expect(await here.forceRelease()).toBe(true);
  });

  test.each([
    ["refresh", "with an end", ttl],
    ["release", "with an end", ttl],
    ["release", "without an end", null],
  ] as const)("knows by a refused %s that a lease %s was lost elsewhere", async (method, _, ttlOfLock) => {
    const lock = new LockProvider({ adapter: new TerseLockAdapter(leases) }).create("key", { ttl: ttlOfLock });
    await lock.acquire();
    leases.clear();
    expect(await lock.isLocked()).toBe(true);
    expect(await lock[method]()).toBe(false);
    expect(await lock.isLocked()).toBe(false);
  });
});

describe("a database adapter with transactions", () => {
  databaseLockAdapterTestSuite({ ...primitives, createAdapter: () => new MapDatabaseLockAdapter(leases) });
  lockAdapterTestSuite({ ...primitives, createAdapter: () => asLockAdapter(new MapDatabaseLockAdapter(leases)) });
  lockProviderTestSuite({
    ...primitives,
    createLockProvider: () => ({
      lockProvider: new LockProvider({ adapter: new MapDatabaseLockAdapter(leases) }),
      otherLockProvider: new LockProvider({ adapter: new MapDatabaseLockAdapter(leases) }),
    }),
  });
});

describe("a database adapter without transactions", () => {
  databaseLockAdapterTestSuite({
    ...primitives,
    form: "insert",
    createAdapter: () => new MapInsertDatabaseLockAdapter(leases),
  });
  lockAdapterTestSuite({ ...primitives, createAdapter: () => asLockAdapter(new MapInsertDatabaseLockAdapter(leases)) });
  lockProviderTestSuite({
    ...primitives,
    createLockProvider: () => ({
      lockProvider: new LockProvider({ adapter: new MapInsertDatabaseLockAdapter(leases) }),
      otherLockProvider: new LockProvider({ adapter: new MapInsertDatabaseLockAdapter(leases) }),
    }),
  });
});

describe("an adapter is taken", () => {
  const forms: readonly [string, (right: ILockAdapter) => ILockAdapter][] = [
    ["as an instance of a class", (right) => right],
    ["as an instance of a class that inherits the methods", () => new (class extends MapLockAdapter {})(leases)],
    ["as a proxy", (right) => new Proxy(right, {})],
    ["as a proxy that answers to every name", (right) => everyNameIsAMethod(right)],
    ["as an object without a prototype", (right) => Object.assign(Object.create(null), methodsOf(right))],
    ["as a frozen object", (right) => Object.freeze(methodsOf(right))],
    ["with methods that declare no parameters", (right) => restMethodsOf(right)],
    ["with methods that answer thenables", (right) => thenableMethodsOf(right)],
    [
      "with methods of another contract besides",
      (right) => Object.assign(methodsOf(right), { transaction: fail, remove: fail, removeIfOwner: fail }),
    ],
  ];

  test.each(forms)("%s", async (_, form) => {
    const provider = new LockProvider({ adapter: form(new MapLockAdapter(leases)) });
    const [lock, rival] = [provider.create("key", { ttl }), provider.create("key", { ttl })];
    expect(await lock.acquire()).toBe(true);
    expect(await rival.acquire()).toBe(false);
    expect(await rival.getState()).toEqual({ type: LOCK_STATE.UNAVAILABLE, owner: lock.id });
    expect(await lock.refresh()).toBe(true);
    expect(await lock.release()).toBe(true);
    expect(await lock.forceRelease()).toBe(false);
    expect(leases.size).toBe(0);
  });

  test("with methods that declare no parameters, as a database adapter too", async () => {
    const adapters = [new MapDatabaseLockAdapter(new Map()), new MapInsertDatabaseLockAdapter(new Map())];
    for (const adapter of adapters) {
      const lock = new LockProvider({ adapter: restMethodsOf(adapter) }).create("key", { ttl });
      expect([await lock.acquire(), await lock.acquire(), await lock.refresh(), await lock.release()]).toEqual([
        true,
        false,
        true,
        true,
      ]);
    }
  });

  const contracts: readonly [string, object, readonly string[]][] = [
    ["an ILockAdapter", new MapLockAdapter(new Map()), ["acquire", "release", "forceRelease", "refresh"]],
    [
      "an IDatabaseLockAdapter",
      new MapDatabaseLockAdapter(new Map()),
      ["transaction", "remove", "removeIfOwner", "updateExpiration", "find"],
    ],
    [
      "an IInsertDatabaseLockAdapter",
      new MapInsertDatabaseLockAdapter(new Map()),
      ["insert", "updateIfExpired", "remove", "removeIfOwner", "updateExpirationIfOwner", "find"],
    ],
  ];
  describe.each(contracts)("for none if it is %s", (_, adapter, methods) => {
    test.each(methods)("but for %s", (method) => {
      for (const flaw of [undefined, "no function"]) {
        const flawed = Object.assign(methodsOf(adapter), { [method]: flaw });
        expect(() => new LockProvider({ adapter: flawed as never })).toThrow(InvalidInputError);
      }
    });
  });
});

describe("providers over one adapter", () => {
  test("share its locks, and what is known of them", async () => {
    const adapter = new TerseLockAdapter(leases);
    const [first, second] = [new LockProvider({ adapter }), new LockProvider({ adapter })];
    const lock = first.create("key", { owner: "owner", ttl });
    expect(await lock.acquire()).toBe(true);
    expect(await second.create("key").getState()).toEqual({ type: LOCK_STATE.UNAVAILABLE, owner: "owner" });
    expect(await second.create("key", { owner: "owner" }).release()).toBe(true);
    expect(await lock.isLocked()).toBe(false);
  });

  test("hand out fences that grow, however fast", async () => {
    const adapter = new MapLockAdapter(leases);
    const locks = Array.from({ length: 100 }, (_, index) => new LockProvider({ adapter }).create(`key-${index}`));
    const fences: bigint[] = [];
    await Promise.all(
      locks.map(async (lock) => {
        await lock.acquire();
        fences.push(lock.fence ?? 0n);
      }),
    );
    expect(new Set(fences).size).toBe(100);
    expect(fences.every((fence) => fence > 0n)).toBe(true);
  });
});

describe("an adapter is asked", () => {
  test("in the order in which the verbs began", async () => {
    const calls: string[] = [];
    const right = new MapLockAdapter(leases);
    const adapter: ILockAdapter = {
      acquire: (key, ...rest) => right.acquire(note("acquire", key), ...rest),
      release: (key, ...rest) => right.release(note("release", key), ...rest),
      forceRelease: (key) => right.forceRelease(note("forceRelease", key)),
      refresh: (key, ...rest) => right.refresh(note("refresh", key), ...rest),
    };
    const provider = new LockProvider({ adapter, namespace: new Namespace("n") });
    const [first, second] = [provider.create("1", { ttl }), provider.create("2", { ttl })];
    const asked = [first.acquire(), second.acquire(), first.refresh(), first.release(), first.acquire()];
    expect(await Promise.all([...asked, second.forceRelease()])).toEqual([true, true, true, true, true, true]);
    expect(calls).toEqual(
      ["acquire 1", "acquire 2", "refresh 1", "release 1", "acquire 1", "forceRelease 2"].map((call) =>
        call.replace(" ", " n:_rt:"),
      ),
    );

    function note(method: string, key: string): string {
      calls.push(`${method} ${key}`);
      return key;
    }
  });

  test("in the asynchronous context of who asks", async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const adapter = Object.assign(new MapLockAdapter(leases), {
      acquire: async () => seen.push(context.getStore()) > 0,
    });
    const lock = new LockProvider({ adapter }).create("key");
    await Promise.all(["first", "second"].map((name) => context.run(name, async () => lock.acquire())));
    expect(seen).toEqual(["first", "second"]);
  });

  test("for as many locks at once as there are, and answers each", async () => {
    const provider = new LockProvider({ adapter: new MapDatabaseLockAdapter(leases) });
    const locks = Array.from({ length: 1000 }, (_, index) => provider.create(`key-${index % 500}`));
    const answers = await Promise.all(locks.map((lock) => lock.acquire()));
    expect(answers).toEqual(locks.map((_, index) => index < 500));
  });
});

/** The adapter that a provider makes of a store, for the suite of adapters. */
function asLockAdapter(store: IDatabaseLockAdapter | MapInsertDatabaseLockAdapter): TestableLockAdapter {
  const provider = new LockProvider({ adapter: store });
  const nobody = "-";
  return {
    acquire: (key, owner, ttlOfLease) => provider.create(key, { owner, ttl: ttlOfLease }).acquire(),
    release: (key, owner) => provider.create(key, { owner }).release(),
    forceRelease: (key) => provider.create(key).forceRelease(),
    refresh: (key, owner, ttlOfLease) => provider.create(key, { owner }).refresh(ttlOfLease),
    async getState(key) {
      const lock = provider.create(key, { owner: nobody });
      const [state, remaining] = [await lock.getState(), await lock.getRemainingTime()];
      return state.type === LOCK_STATE.UNAVAILABLE
        ? { owner: state.owner, expiration: remaining?.toEndDate() ?? null }
        : null;
    },
  };
}

function fail(): never {
  throw new Error("This method is of no use here");
}
