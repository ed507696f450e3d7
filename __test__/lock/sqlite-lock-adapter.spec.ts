import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { SqliteLockAdapter, type SqliteLockAdapterSettings } from "../../ts/lock/adapters";
import { ConfigurationLockError } from "../../ts/lock/contracts";
import { lockAdapterTestSuite, lockProviderTestSuite } from "../../ts/lock/test-utilities";
import { TimeSpan } from "../../ts/utilities";
import { nativeLockAdapterTests } from "./native-lock-adapter";

const ttl = TimeSpan.fromMinutes(10);

let folder: string;
let url: string;
let adapters: SqliteLockAdapter[];

/** An adapter that is closed when the test is over; without settings on the file of the running test. */
function open(settings: Partial<SqliteLockAdapterSettings> = {}): SqliteLockAdapter {
  const adapter = new SqliteLockAdapter({ url, ...settings });
  adapters.push(adapter);
  return adapter;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-sqlite-"));
  url = `sqlite:${join(folder, "locks.db")}`;
  adapters = [];
});

afterEach(async () => {
  await Promise.all(adapters.map((adapter) => adapter.close()));
  // A provider that was made of a URL keeps its file open, and Windows does not delete open files.
  const removed = rm(folder, { recursive: true });
  await (process.platform === "win32" ? removed.catch(() => undefined) : removed);
});

lockAdapterTestSuite({ expect, test, describe, beforeEach, createAdapter: () => open() });

describe("over two connections to a file", () => {
  lockProviderTestSuite({
    expect,
    test,
    describe,
    beforeEach,
    createLockProvider: () => ({
      lockProvider: new LockProvider({ adapter: open() }),
      otherLockProvider: new LockProvider({ adapter: open() }),
    }),
  });
});

describe("over a database in memory", () => {
  lockProviderTestSuite({
    expect,
    test,
    describe,
    beforeEach,
    createLockProvider: () => {
      const adapter = open({ url: "sqlite::memory:" });
      return { lockProvider: new LockProvider({ adapter }), otherLockProvider: new LockProvider({ adapter }) };
    },
  });
});

nativeLockAdapterTests(() => open());

describe("the file", () => {
  test("is what adapters share their locks by", async () => {
    const [first, second] = [open(), open()];
    expect(await first.acquire("key", "first", ttl)).toBe(true);
    expect(await second.acquire("key", "second", ttl)).toBe(false);
    expect(await second.release("key", "second")).toBe(false);
    expect(await first.release("key", "first")).toBe(true);
    expect(await second.acquire("key", "second", ttl)).toBe(true);
  });

  test("lets one of many connections have a key that all ask for at once", async () => {
    const many = Array.from({ length: 8 }, () => open());
    const answers = await Promise.all(many.map((adapter, index) => adapter.acquire("key", `owner-${index}`, ttl)));
    expect(answers.filter((isAcquired) => isAcquired)).toEqual([true]);
  });

  test("keeps its locks when it is closed and opened again", async () => {
    const before = open();
    await before.acquire("with a ttl", "owner", ttl);
    await before.acquire("without an end", "owner", null);
    const state = await before.getState("with a ttl");
    await before.close();
    const after = open();
    expect(await after.acquire("with a ttl", "other", ttl)).toBe(false);
    const expiration = (await after.getState("with a ttl"))?.expiration?.getTime() ?? 0;
    expect(Math.abs(expiration - (state?.expiration?.getTime() ?? 0))).toBeLessThan(ttl.toMilliseconds() / 2);
    expect(await after.getState("without an end")).toEqual({ owner: "owner", expiration: null });
    expect(await after.release("with a ttl", "owner")).toBe(true);
  });

  test("of another connection may go through deInit and be used on", async () => {
    const [first, second] = [open(), open()];
    await first.acquire("key", "owner", ttl);
    await first.release("key", "owner");
    await second.deInit();
    expect(await first.acquire("key", "owner", ttl)).toBe(true);
    expect(await second.acquire("key", "other", ttl)).toBe(false);
  });

  test("is opened by a provider that is given its URL", async () => {
    const lock = new LockProvider({ adapter: url }).create("key", { owner: "owner", ttl: null });
    expect(await lock.acquire()).toBe(true);
    expect(await new LockProvider({ adapter: open() }).create("key").acquire()).toBe(false);
    expect(await open().getState("@/lock:_rt:key")).toEqual({ owner: "owner", expiration: null });
    expect(await lock.release()).toBe(true);
  });
});

describe("the table", () => {
  test("of another name holds other locks", async () => {
    const [first, second] = [open(), open({ tableName: "other_lock" })];
    expect(await first.acquire("key", "first", ttl)).toBe(true);
    expect(await second.acquire("key", "second", ttl)).toBe(true);
    expect(await open({ tableName: "lock" }).getState("key")).toMatchObject({ owner: "first" });
    expect(await open({ tableName: "other_lock" }).getState("key")).toMatchObject({ owner: "second" });
  });

  test.each(["", "a-b", "drop table", "é", "sqlite_lock", "l".repeat(49)])("must not be named %j", (tableName) => {
    expect(() => open({ tableName })).toThrow(ConfigurationLockError);
  });
});

describe("the URL", () => {
  test.each(["", "locks.db", "memory:", "sqlite:", "sqlite://", "sqlite:locks.db?mode=ro", "postgres://host/db"])(
    "must not be %j",
    (bad) => {
      expect(() => open({ url: bad })).toThrow(ConfigurationLockError);
    },
  );

  test("must not be left out", () => {
    expect(() => new SqliteLockAdapter({} as SqliteLockAdapterSettings)).toThrow(ConfigurationLockError);
  });

  test.each(["init", "removeAllExpired"] as const)("of a missing directory makes %s fail", async (method) => {
    const adapter = open({ url: `sqlite:${join(folder, "missing", "locks.db")}` });
    await expect(adapter[method]()).rejects.toThrow(ConfigurationLockError);
  });

  test("of a missing directory makes the first use fail, which is no refusal", async () => {
    const adapter = open({ url: `sqlite:${join(folder, "missing", "locks.db")}` });
    const lock = new LockProvider({ adapter }).create("key", { owner: "owner" });
    const error: unknown = await lock.run(() => "value").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationLockError);
    expect(error).toMatchObject({
      name: "ConfigurationLockError",
      code: "LOCK_CONFIGURATION",
      key: "key",
      owner: "owner",
      message: expect.stringContaining(join(folder, "missing")),
    });
  });
});
