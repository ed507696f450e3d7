// Adapters that an application writes itself, in each form there is a contract for: locks over them pass the same tests
// as locks over the adapters of this package.

import { beforeEach, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { type IDatabaseLockAdapter, type ILockAdapter, LOCK_STATE } from "../../ts/lock/contracts";
import {
  databaseLockAdapterTestSuite,
  lockAdapterTestSuite,
  lockProviderTestSuite,
  type TestableLockAdapter,
} from "../../ts/lock/test-utilities";
import { InvalidInputError, TimeSpan } from "../../ts/utilities";
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

/** The methods of an object, bound to it. */
function methodsOf<Adapter extends object>(adapter: Adapter): Adapter {
  const everyName = new Set<string>();
  for (let level: object = adapter; level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) {
      everyName.add(name);
    }
  }
  everyName.delete("constructor");
  const methods = [...everyName].map((name) => [name, Reflect.get(adapter, name)] as const);
  return Object.fromEntries(
    methods.filter(([, method]) => typeof method === "function").map(([name, method]) => [name, method.bind(adapter)]),
  ) as Adapter;
}

function restMethodsOf<Adapter extends object>(adapter: Adapter): Adapter {
  return mapMethods(
    adapter,
    (method) =>
      (...args) =>
        method(...args),
  );
}

function thenableMethodsOf<Adapter extends object>(adapter: Adapter): Adapter {
  return mapMethods(adapter, (method) => (...args) => ({
    // biome-ignore lint/suspicious/noThenProperty: any thenable will do for an adapter
    then: (resolve: (answer: unknown) => void, reject: (error: unknown) => void) => {
      (method(...args) as Promise<unknown>).then(resolve, reject);
    },
  }));
}

type Method = (...args: unknown[]) => unknown;

function mapMethods<Adapter extends object>(adapter: Adapter, map: (method: Method) => Method): Adapter {
  const entries = Object.entries(methodsOf(adapter)).map(([name, method]) => [name, map(method as Method)]);
  return Object.fromEntries(entries) as Adapter;
}

/** As proxies of things in other threads and processes are. */
function everyNameIsAMethod(adapter: ILockAdapter): ILockAdapter {
  return new Proxy(adapter, {
    get:
      (target, name) =>
      (...args: unknown[]) =>
        (Reflect.get(target, name) as Method).apply(target, args),
  });
}

function fail(): never {
  throw new Error("This method is of no use here");
}
