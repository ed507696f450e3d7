// What becomes of an adapter of the application that fails, talks nonsense, or never answers.

import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import {
  type IDatabaseLockAdapter,
  type ILock,
  type ILockAdapter,
  LOCK_EVENTS,
  LockAdapterError,
} from "../../ts/lock/contracts";
import { TimeSpan, UnexpectedError } from "../../ts/utilities";
import { Child, QUIET_END } from "../processes/child";
import type { Leases } from "./leases";
import { MapDatabaseLockAdapter, MapInsertDatabaseLockAdapter } from "./map-database-lock-adapter";
import { MapLockAdapter } from "./map-lock-adapter";

const ttl = TimeSpan.fromMinutes(10);

class OutageError extends Error {}

/** What a method of an adapter may throw. */
const thrown: readonly [string, unknown][] = [
  ["an instance of a subclass of Error", new OutageError("connection lost")],
  ["a frozen object", Object.freeze({ code: "ECONNRESET" })],
  ["a text", "connection lost"],
  ["null", null],
  ["undefined", undefined],
];

/** What is asked of a lock, and which method of an ILockAdapter that comes to. */
const verbs: readonly [string, keyof ILockAdapter, (lock: ILock) => PromiseLike<unknown>][] = [
  ["acquire", "acquire", (lock) => lock.acquire()],
  ["acquireOrFail", "acquire", (lock) => lock.acquireOrFail()],
  ["acquireBlocking", "acquire", (lock) => lock.acquireBlocking()],
  ["runBlockingOrFail", "acquire", (lock) => lock.runBlockingOrFail(() => expect.fail("was run without a lock"))],
  ["release", "release", (lock) => lock.release()],
  ["forceRelease", "forceRelease", (lock) => lock.forceRelease()],
  ["refresh", "refresh", (lock) => lock.refresh()],
  ["isLocked", "getState", (lock) => lock.isLocked()],
  ["getState", "getState", (lock) => lock.getState()],
];

/** The same for the methods of the database adapters. */
const databaseVerbs: readonly [keyof ILock & string, string, string][] = [
  ["acquire", "transaction", "insert"],
  ["release", "removeIfOwner", "removeIfOwner"],
  ["forceRelease", "remove", "remove"],
  ["refresh", "updateExpiration", "updateExpirationIfOwner"],
  ["isLocked", "find", "find"],
];

let leases: Leases;

beforeEach(() => {
  leases = new Map();
});

function lockOver(adapter: object, flaw: object = {}): ILock {
  return new LockProvider({ adapter: Object.assign(adapter, flaw) as ILockAdapter }).create("key", { ttl });
}

/** What a promise is rejected with. */
async function rejectionOf(promise: PromiseLike<unknown>): Promise<{ with: unknown }> {
  return promise.then(
    (answer) => expect.fail(`It was answered ${String(answer)}`),
    (error: unknown) => ({ with: error }),
  );
}

describe.each(thrown)("an adapter that throws %s", (_, error) => {
  const manners: readonly [string, () => unknown][] = [
    ["in a promise", () => Promise.reject(error)],
    ["at once", () => raise(error)],
    ["after a while", () => setImmediate().then(() => raise(error))],
  ];
  describe.each(manners)("%s", (_manner, flaw) => {
    test.each(verbs)("makes %s reject with the same thing", async (_verb, method, ask) => {
      const lock = lockOver(new MapLockAdapter(leases), { [method]: flaw });
      expect((await rejectionOf(ask(lock))).with).toBe(error);
    });

    test.each(databaseVerbs)("makes %s reject with the same thing if it is a %s or an %s", async (verb, ...methods) => {
      const [transactionMethod = "", insertMethod = ""] = methods;
      const stores = [
        [new MapDatabaseLockAdapter(leases), transactionMethod],
        [new MapInsertDatabaseLockAdapter(leases), insertMethod],
      ] as const;
      for (const [store, method] of stores) {
        const lock = lockOver(store);
        if (verb !== "acquire") {
          await lock.acquire();
        }
        Object.assign(store, { [method]: flaw });
        expect((await rejectionOf((lock[verb] as () => PromiseLike<unknown>)())).with).toBe(error);
        leases.clear();
      }
    });
  });

  test("is told of in an event", async () => {
    const provider = new LockProvider({
      adapter: Object.assign(new MapLockAdapter(leases), { acquire: () => raise(error) }),
    });
    const events: unknown[] = [];
    await provider.addListener(LOCK_EVENTS.UNEXPECTED_ERROR, (event) => events.push(event));
    const lock = provider.create(["a", "key"], { owner: "owner", ttl });
    await rejectionOf(lock.acquire());
    expect(events).toEqual([{ key: "a/key", owner: "owner", ttl, error }]);
    expect((events[0] as { error: unknown }).error).toBe(error);
  });
});

test("an adapter's own LockAdapterError says which lock it is about", async () => {
  const error = new LockAdapterError("connection lost");
  const lock = lockOver(new MapLockAdapter(leases), { acquire: () => raise(error) });
  expect((await rejectionOf(lock.acquire())).with).toBe(error);
  expect(error).toMatchObject({ key: "key", owner: lock.id });
});

test("what a function does counts, and not that the release after it fails", async () => {
  const lock = lockOver(new MapLockAdapter(leases), { release: () => raise(new OutageError()) });
  expect(await lock.runOrFail(() => "done")).toBe("done");
});

test("an adapter that failed is asked again", async () => {
  const adapter = new MapLockAdapter(leases);
  const lock = lockOver(adapter, { acquire: () => raise("connection lost") });
  await rejectionOf(lock.acquire());
  Reflect.deleteProperty(adapter, "acquire");
  expect(await lock.acquire()).toBe(true);
});

describe("an adapter that answers nonsense", () => {
  const date = new Date();
  const nonsense: readonly [keyof ILockAdapter, readonly unknown[]][] = [
    ["acquire", [undefined, null, 1, "true", Object.create(null)]],
    ["release", [undefined, 1]],
    ["forceRelease", [undefined, 1]],
    ["refresh", [undefined, 1, "refused"]],
    ["getState", [undefined, true, {}, { owner: "owner" }, { owner: 5, expiration: null }, ...leasesThatDoNotEnd()]],
  ];
  test.each(nonsense)("to %s is found out", async (method, answers) => {
    for (const answer of answers) {
      const lock = lockOver(new MapLockAdapter(leases), { [method]: async () => answer });
      const ask = verbs.find(([, asked]) => asked === method)?.[2] as (lock: ILock) => PromiseLike<unknown>;
      await refuses(ask(lock), method);
    }
  });

  const nonsenseOfStores: readonly [keyof ILock & string, string, readonly unknown[]][] = [
    ["acquire", "transaction", [undefined, 1]],
    ["release", "removeIfOwner", [undefined, 1, { owner: "owner" }, ...leasesThatDoNotEnd()]],
    ["forceRelease", "remove", [undefined, 1, {}, ...leasesThatDoNotEnd()]],
    ["refresh", "updateExpiration", [undefined, true, Number.NaN]],
    ["isLocked", "find", [undefined, {}, { expiration: date }, ...leasesThatDoNotEnd()]],
  ];
  test.each(nonsenseOfStores)("to %s by its %s is found out", async (verb, method, answers) => {
    for (const answer of answers) {
      const lock = lockOver(new MapDatabaseLockAdapter(leases), { [method]: async () => answer });
      await refuses((lock[verb] as () => PromiseLike<unknown>)(), method);
    }
  });

  test.each(["updateIfExpired", "updateExpirationIfOwner"] as const)("by its %s is found out", async (method) => {
    const lock = lockOver(new MapInsertDatabaseLockAdapter(leases), { [method]: async () => undefined });
    await lock.acquire();
    await refuses(method === "updateIfExpired" ? lock.acquire() : lock.refresh(), method);
  });

  test("by a find that no lease is in a transaction is found out", async () => {
    const adapter: IDatabaseLockAdapter = new MapDatabaseLockAdapter(leases);
    const lock = lockOver(adapter, {
      transaction: (fn: Parameters<typeof adapter.transaction>[0]) =>
        fn({ find: async () => undefined as never, upsert: async () => undefined }),
    });
    await refuses(lock.acquire(), "find");
  });

  function leasesThatDoNotEnd(): readonly unknown[] {
    return [undefined, date.getTime(), date.toISOString(), new Date(Number.NaN)].map((expiration) => ({
      owner: "owner",
      expiration,
    }));
  }

  async function refuses(promise: PromiseLike<unknown>, method: string): Promise<void> {
    const { with: error } = await rejectionOf(promise);
    expect(error).toBeInstanceOf(UnexpectedError);
    expect((error as UnexpectedError).message).toContain(`The adapter's ${method} answered `);
  }
});

describe("an adapter that never answers for one key", () => {
  const never = () => new Promise<never>(() => undefined);

  test("answers for others, and for the other verbs of this one", async () => {
    const right = new MapLockAdapter(leases);
    const provider = new LockProvider({
      adapter: Object.assign(new MapLockAdapter(leases), {
        acquire: (key: string, owner: string, ttlOfLease: TimeSpan | null) =>
          key.endsWith("silent") ? never() : right.acquire(key, owner, ttlOfLease),
      }),
    });
    const silent = provider.create("silent");
    silent.acquire().defer();
    expect(await provider.create("other").acquire()).toBe(true);
    expect(await silent.isLocked()).toBe(false);
    expect(await silent.release()).toBe(false);
    expect(await Promise.all(Array.from({ length: 50 }, (_, key) => provider.create(`${key}`).acquire()))).toEqual(
      Array.from({ length: 50 }, () => true),
    );
  });

  test("does not keep the process alive", async () => {
    expect(await new Child("../lock/workers/silent-adapter.mjs", []).ended).toEqual({ ...QUIET_END, stdout: "true\n" });
  });
});

test("an adapter that throws whenever it can does not end the process", async () => {
  expect(await new Child("../lock/workers/failing-adapter.mjs", []).ended).toEqual({
    ...QUIET_END,
    stdout: "failed\n",
  });
});

function raise(error: unknown): never {
  throw error;
}
