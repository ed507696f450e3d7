// What an adapter does over the client of an application, whichever it is.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import {
  type ClientLockAdapterSettings,
  KnexLockAdapter,
  KyselyLockAdapter,
  SequelizeLockAdapter,
  SqlLockAdapter,
} from "../../ts/lock/adapters";
import { ConfigurationLockError } from "../../ts/lock/contracts";
import { lockAdapterTestSuite, lockProviderTestSuite } from "../../ts/lock/test-utilities";
import { TimeSpan } from "../../ts/utilities";
import { nativeLockAdapterTests } from "./native-lock-adapter";
import { kinds, type Opened } from "./sql-handles.mjs";
import { makeDatabase, type ThrowawayDatabase } from "./throwaway-database";

const ADAPTERS = { SqlLockAdapter, KyselyLockAdapter, KnexLockAdapter, SequelizeLockAdapter };

/** Any of the adapters over a client. */
export type ClientLockAdapter = InstanceType<(typeof ADAPTERS)[keyof typeof ADAPTERS]>;

/** The adapter that a kind of client is for. */
export function adapterOver(
  kind: string,
  settings: Opened["settings"],
  table: ClientLockAdapterSettings = {},
): ClientLockAdapter {
  const { adapter } = kinds[kind] as (typeof kinds)[string];
  return new ADAPTERS[adapter]({ ...settings, ...table });
}

const ttl = TimeSpan.fromMinutes(10);
const SIZE = 5;

/** Adds the tests of the adapter over one kind of client. */
export function clientLockAdapterTests(kind: string): void {
  const { dialect, open } = kinds[kind] as (typeof kinds)[string];
  let database: ThrowawayDatabase;
  let opened: Opened;
  let tables = 0;

  beforeAll(async () => {
    database = await makeDatabase(dialect);
    opened = open({ url: database.url, size: SIZE });
  });

  afterAll(async () => {
    await opened.end();
    await database.drop();
  });

  lockAdapterTestSuite({ expect, test, describe, beforeEach, createAdapter: () => adapterOver(kind, opened.settings) });

  lockProviderTestSuite({
    expect,
    test,
    describe,
    beforeEach,
    createLockProvider: () => ({
      lockProvider: new LockProvider({ adapter: adapterOver(kind, opened.settings) }),
      otherLockProvider: new LockProvider({ adapter: adapterOver(kind, opened.settings) }),
    }),
  });

  describe("on a table of its own", () => {
    beforeEach(() => {
      tables += 1;
    });

    nativeLockAdapterTests(() => adapterOver(kind, opened.settings, { tableName: `of_test_${tables}` }));
  });

  describe("over a pool of one connection", () => {
    test("all that asks at once is answered", async () => {
      const narrow = open({ url: database.url, size: 1 });
      try {
        const adapters = [adapterOver(kind, narrow.settings), adapterOver(kind, narrow.settings)] as const;
        await Promise.all(adapters.map((adapter) => adapter.init()));
        const provider = new LockProvider({ adapter: adapters[0] });
        const answers = await Promise.all([
          ...Array.from({ length: 20 }, (_, index) =>
            adapters[index % 2 ? 1 : 0].acquire("narrow", `owner-${index}`, ttl),
          ),
          ...Array.from({ length: 20 }, (_, index) => provider.create(`narrow-${index}`).runOrFail(async () => true)),
        ]);
        expect(answers.filter((answer) => answer).length).toBe(21);
        await adapters[0].removeAllExpired();
        await Promise.all(adapters.map((adapter) => adapter.close()));
      } finally {
        await narrow.end();
      }
    });
  });

  describe("inside of a transaction of the application", () => {
    const undone = new Error("undone");

    beforeAll(async () => {
      await adapterOver(kind, opened.settings).init();
      await opened.query("CREATE TABLE note (text varchar(100))");
    });

    test("a lock is granted, and stays when the transaction does", async () => {
      await opened.transaction(async ({ settings, query }) => {
        const adapter = adapterOver(kind, settings);
        expect(await adapter.acquire("kept", "inside", ttl)).toBe(true);
        expect(await adapter.acquire("kept", "another", ttl)).toBe(false);
        expect(await adapter.getState("kept")).toMatchObject({ owner: "inside" });
        await query("INSERT INTO note (text) VALUES ('kept')");
      });
      const outside = adapterOver(kind, opened.settings);
      expect(await outside.acquire("kept", "outside", ttl)).toBe(false);
      expect(await outside.release("kept", "inside")).toBe(true);
    });

    test("a lock is given back by a rollback", async () => {
      const running = opened.transaction(async ({ settings }) => {
        expect(await adapterOver(kind, settings).acquire("rolled back", "inside", ttl)).toBe(true);
        throw undone;
      });
      await expect(running).rejects.toBe(undone);
      expect(await adapterOver(kind, opened.settings).acquire("rolled back", "outside", ttl)).toBe(true);
    });

    test("a release is undone by a rollback", async () => {
      const outside = adapterOver(kind, opened.settings);
      await outside.acquire("not released", "owner", ttl);
      const running = opened.transaction(async ({ settings }) => {
        expect(await adapterOver(kind, settings).release("not released", "owner")).toBe(true);
        throw undone;
      });
      await expect(running).rejects.toBe(undone);
      expect(await outside.acquire("not released", "other", ttl)).toBe(false);
    });

    test("a refused lock leaves the transaction as it was", async () => {
      const outside = adapterOver(kind, opened.settings);
      await outside.acquire("refused", "outside", ttl);
      await opened.transaction(async ({ settings, query }) => {
        await query("INSERT INTO note (text) VALUES ('before')");
        const adapter = adapterOver(kind, settings);
        expect(await adapter.acquire("refused", "inside", ttl)).toBe(false);
        expect(await adapter.release("refused", "inside")).toBe(false);
        expect(await adapter.refresh("refused", "inside", ttl)).not.toBe("refreshed");
        expect(await adapter.acquire("granted", "inside", ttl)).toBe(true);
        await query("INSERT INTO note (text) VALUES ('after')");
      });
      expect(await outside.acquire("granted", "outside", ttl)).toBe(false);
      expect(await opened.query("DELETE FROM note WHERE text IN ('before', 'after')")).toBeDefined();
    });

    test("a provider works like everywhere", async () => {
      await opened.transaction(async ({ settings }) => {
        const provider = new LockProvider({ adapter: adapterOver(kind, settings) });
        const lock = provider.create("provided");
        expect(await lock.runOrFail(async () => lock.isLocked())).toBe(true);
        expect(await lock.isLocked()).toBe(false);
      });
    });
  });

  describe("the names of a table", () => {
    test.each([["tableName"], ["schema"]])("%s refuses what would need escaping", (option) => {
      for (const name of ['a"b', "a`b", "a b", "", 7]) {
        expect(() => adapterOver(kind, opened.settings, { [option]: name })).toThrow(ConfigurationLockError);
      }
    });
  });
}
