import { randomUUID } from "node:crypto";
import { CamelCasePlugin, type Kysely, ParseJSONResultsPlugin } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { LockProvider } from "../../ts/lock";
import { KyselyLockAdapter, type KyselyLockAdapterSettings } from "../../ts/lock/adapters";
import { ConfigurationLockError } from "../../ts/lock/contracts";
import { databaseLockAdapterTestSuite, lockProviderTestSuite } from "../../ts/lock/test-utilities";
import { InvalidInputError, TimeSpan } from "../../ts/utilities";
import { clientLockAdapterTests } from "./client-lock-adapter-tests";
import { sqlClientTests } from "./sql-client-tests";
import { kinds, type Opened } from "./sql-handles.mjs";
import { makeDatabase, type ThrowawayDatabase } from "./throwaway-database";

const KINDS = ["Kysely over pg", "Kysely over mysql2", "Kysely over better-sqlite3"];
const ttl = TimeSpan.fromMinutes(10);

/** The table as other packages see it. */
interface Tables {
  lock: { key: string; owner: string; expiration: number | string | null };
}

describe.each(KINDS)("%s", (kind) => {
  const { dialect, open } = kinds[kind] as (typeof kinds)[string];
  let database: ThrowawayDatabase;
  let opened: Opened;
  let kysely: Kysely<Tables>;
  let adapters: KyselyLockAdapter[];

  beforeAll(async () => {
    database = await makeDatabase(dialect);
    opened = open({ url: database.url, size: 5 });
    kysely = opened.settings.kysely;
  });

  beforeEach(() => {
    adapters = [];
  });

  afterEach(async () => {
    await Promise.all(adapters.map((adapter) => adapter.close()));
  });

  afterAll(async () => {
    await opened.end();
    await database.drop();
  });

  function adapterWith(settings: Partial<KyselyLockAdapterSettings> = {}): KyselyLockAdapter {
    const adapter = new KyselyLockAdapter({ kysely, ...settings });
    adapters.push(adapter);
    return adapter;
  }

  sqlClientTests(kind);
  clientLockAdapterTests(kind);
  databaseLockAdapterTestSuite({ expect, test, describe, beforeEach, createAdapter: () => adapterWith() });

  describe("as a mere store, of which a provider makes locks by its methods alone", () => {
    lockProviderTestSuite({
      expect,
      test,
      describe,
      beforeEach,
      createLockProvider: () => {
        const adapter = adapterWith();
        const store = {
          transaction: adapter.transaction.bind(adapter),
          find: adapter.find.bind(adapter),
          remove: adapter.remove.bind(adapter),
          removeIfOwner: adapter.removeIfOwner.bind(adapter),
          updateExpiration: adapter.updateExpiration.bind(adapter),
        };
        return {
          lockProvider: new LockProvider({ adapter: store }),
          otherLockProvider: new LockProvider({ adapter: { ...store } }),
        };
      },
    });
  });

  describe("the methods of a store", () => {
    test("see the leases of locks, and not those that were released", async () => {
      const adapter = adapterWith();
      const key = randomUUID();
      await adapter.acquire(key, "owner", null);
      expect(await adapter.find(key)).toEqual({ owner: "owner", expiration: null });
      await adapter.release(key, "owner");
      expect(await adapter.find(key)).toBeNull();
      expect(await adapter.removeIfOwner(key, "owner")).toBeNull();
      expect(await adapter.remove(key)).toBeNull();
    });

    test("write leases that lock others out", async () => {
      const adapter = adapterWith();
      const key = randomUUID();
      await adapter.transaction(async (transaction) => transaction.upsert(key, "store", ttl.toEndDate()));
      expect(await adapter.acquire(key, "other", ttl)).toBe(false);
      expect(await adapter.release(key, "store")).toBe(true);
    });

    test("do not prolong a lease in the millisecond of its end", async () => {
      const adapter = adapterWith();
      const key = randomUUID();
      for (let round = 0; round < 300; round++) {
        await adapter.transaction(async (transaction) => transaction.upsert(key, "store", new Date()));
        expect(await adapter.updateExpiration(key, "store", ttl.toEndDate())).toBe(0);
      }
    });

    test("let a lock be granted with a greater fence after them", async () => {
      const adapter = adapterWith();
      const provider = new LockProvider({ adapter });
      const key = randomUUID();
      const fences: unknown[] = [];
      for (let round = 0; round < 3; round++) {
        const lock = provider.create(key, { ttl });
        await lock.acquireOrFail();
        fences.push(lock.fence);
        await lock.release();
        await adapter.transaction(async (transaction) => transaction.upsert(key, "store", null));
        await adapter.remove(key);
      }
      expect(fences).toEqual([...fences].sort((one, other) => Number(one) - Number(other)));
      expect(new Set(fences).size).toBe(3);
    });

    test("work in a transaction of the application, which none is begun in", async () => {
      const undone = new Error("undone");
      const key = randomUUID();
      await adapterWith().init();
      const running = opened.transaction(async ({ settings }) => {
        const adapter = adapterWith(settings);
        await adapter.transaction(async (transaction) => transaction.upsert(key, "inside", null));
        expect(await adapter.find(key)).toEqual({ owner: "inside", expiration: null });
        throw undone;
      });
      await expect(running).rejects.toBe(undone);
      expect(await adapterWith().find(key)).toBeNull();
    });

    test("work without transactions", async () => {
      const key = randomUUID();
      const adapter = adapterWith({ enableTransactions: false });
      expect(await adapter.transaction(async (transaction) => transaction.find(key))).toBeNull();
    });

    test("refuse to begin a transaction in one", async () => {
      await opened.transaction(async ({ settings }) => {
        expect(() => adapterWith({ ...settings, enableTransactions: true })).toThrow(ConfigurationLockError);
      });
    });
  });

  describe("with plugins", () => {
    test("nothing that comes back is changed", async () => {
      const plugged = kysely.withPlugin(new CamelCasePlugin()).withPlugin(new ParseJSONResultsPlugin());
      const adapter = adapterWith({ kysely: plugged });
      const [key, owner] = [randomUUID(), '{"an":"owner"}'];
      expect(await adapter.acquire(key, owner, ttl)).toBe(true);
      expect(await adapter.getState(key)).toMatchObject({ owner });
      expect(await adapter.find(key)).toMatchObject({ owner });
    });
  });

  describe("expired leases", () => {
    const stored = async (tableName: string) =>
      (
        await kysely
          .selectFrom(tableName as "lock")
          .select("key")
          .execute()
      )
        .map(({ key }) => String(key))
        .sort();

    async function leave(adapter: KyselyLockAdapter): Promise<void> {
      await adapter.acquire("released", "owner", ttl);
      await adapter.release("released", "owner");
      await adapter.acquire("expired", "owner", TimeSpan.fromMilliseconds(0));
      await adapter.acquire("held", "owner", ttl);
      await adapter.acquire("without an end", "owner", null);
    }

    test("and released ones are deleted by themselves, and live ones are not", async () => {
      const tableName = "swept";
      const interval = TimeSpan.fromMilliseconds(20);
      await leave(adapterWith({ tableName, expiredKeysRemovalInterval: interval }));
      await vi.waitFor(async () => expect(await stored(tableName)).toEqual(["held", "without an end"]), 30_000);
    });

    test("are left alone where they shall be", async () => {
      const tableName = "unswept";
      const settings = { tableName, expiredKeysRemovalInterval: TimeSpan.fromMilliseconds(1) };
      const adapter = adapterWith({ ...settings, shouldRemoveExpiredKeys: false });
      await leave(adapter);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await stored(tableName)).toContain("expired");
      await adapter.removeAllExpired();
      expect(await stored(tableName)).toEqual(["held", "without an end"]);
    });

    test.each([
      ["nothing", TimeSpan.fromMilliseconds(0)],
      ["a number", 5 as unknown as TimeSpan],
    ])("cannot be deleted every %s", (_, expiredKeysRemovalInterval) => {
      expect(() => adapterWith({ expiredKeysRemovalInterval })).toThrow(InvalidInputError);
    });
  });

  describe("the table of the package it replaces", () => {
    const expiration = () => Date.now() + ttl.toMilliseconds();

    beforeEach(async () => {
      await kysely.schema.dropTable("lock").ifExists().execute();
      await kysely.schema
        .createTable("lock")
        .addColumn("key", "varchar(255)", (column) => column.notNull().primaryKey())
        .addColumn("owner", "varchar(255)", (column) => column.notNull())
        .addColumn("expiration", "bigint")
        .execute();
      await kysely.schema.createIndex("lock_expiration").on("lock").columns(["expiration"]).execute();
    });

    afterAll(async () => {
      await kysely.schema.dropTable("lock").ifExists().execute();
    });

    test("is taken over with the leases in it", async () => {
      await kysely
        .insertInto("lock")
        .values([
          { key: "held", owner: "theirs", expiration: expiration() },
          { key: "without an end", owner: "theirs", expiration: null },
          { key: "expired", owner: "theirs", expiration: 1 },
        ])
        .execute();
      const adapter = adapterWith();
      expect(await adapter.acquire("held", "ours", ttl)).toBe(false);
      expect(await adapter.acquire("without an end", "ours", ttl)).toBe(false);
      expect(await adapter.acquire("expired", "ours", ttl)).toBe(true);
      expect(await adapter.release("held", "theirs")).toBe(true);
      expect(await adapter.acquire("held", "ours", ttl)).toBe(true);
    });

    test("shows our leases to their statements, which our locks exclude", async () => {
      const adapter = adapterWith();
      await adapter.init();
      await adapter.acquire("held", "ours", ttl);
      await adapter.acquire("without an end", "ours", null);
      for (const key of ["held", "without an end"]) {
        const values = { key, owner: "theirs", expiration: expiration() };
        await expect(kysely.insertInto("lock").values(values).execute()).rejects.toThrow();
        const stolen = await kysely
          .updateTable("lock")
          .set({ owner: "theirs", expiration: expiration() })
          .where("key", "=", key)
          .where("expiration", "is not", null)
          .where("expiration", "<=", Date.now())
          .executeTakeFirst();
        expect(Number(stolen.numUpdatedRows)).toBe(0);
        const row = await kysely.selectFrom("lock").selectAll().where("key", "=", key).executeTakeFirstOrThrow();
        expect(String(row.owner)).toBe("ours");
        expect(row.expiration === null || Number(row.expiration) > Date.now()).toBe(true);
      }
    });

    test("has their statements lock us out, also where our lock was before", async () => {
      const adapter = adapterWith();
      await adapter.acquire("ours before", "ours", ttl);
      await adapter.release("ours before", "ours");
      await kysely.insertInto("lock").values({ key: "theirs", owner: "theirs", expiration: expiration() }).execute();
      const row = await kysely.selectFrom("lock").selectAll().where("key", "=", "ours before").executeTakeFirst();
      const theirs = { owner: "theirs", expiration: expiration() };
      if (row === undefined) {
        await kysely
          .insertInto("lock")
          .values({ key: "ours before", ...theirs })
          .execute();
      } else {
        // What is left of a released lease has expired to them.
        expect(Number(row.expiration)).toBeLessThan(Date.now());
        await kysely
          .updateTable("lock")
          .set(theirs)
          .where("key", "=", "ours before")
          .where("expiration", "is not", null)
          .where("expiration", "<=", Date.now())
          .execute();
      }
      for (const key of ["theirs", "ours before"]) {
        expect(await adapter.acquire(key, "ours", ttl)).toBe(false);
        expect(await adapter.getState(key)).toMatchObject({ owner: "theirs" });
        const removed = await kysely
          .deleteFrom("lock")
          .where("key", "=", key)
          .where("owner", "=", "theirs")
          .executeTakeFirst();
        expect(Number(removed.numDeletedRows)).toBe(1);
        expect(await adapter.acquire(key, "ours", ttl)).toBe(true);
      }
    });
  });
});

describe("KyselyLockAdapter", () => {
  test.each([
    ["nothing", undefined],
    ["no Kysely", { selectFrom: () => undefined }],
  ])("refuses %s", (_, kysely) => {
    expect(() => new KyselyLockAdapter({ kysely } as never)).toThrow(ConfigurationLockError);
  });
});
