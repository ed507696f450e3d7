// PostgresLockAdapter behind a pooler that gives each transaction another session, and knows no prepared statements.

import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { PostgresLockAdapter, type PostgresLockAdapterSettings } from "../../ts/lock/adapters";
import { ConfigurationLockError } from "../../ts/lock/contracts";
import { lockAdapterTestSuite, lockProviderTestSuite } from "../../ts/lock/test-utilities";
import { TimeSpan } from "../../ts/utilities";
import { nativeLockAdapterTests } from "./native-lock-adapter";

const url = process.env.PGBOUNCER_URL ?? missing();

function missing(): never {
  throw new Error("PGBOUNCER_URL names no PgBouncer; npm test provides one, or set it");
}

const ttl = TimeSpan.fromMinutes(10);
const client = new pg.Pool({ connectionString: url, max: 1 });
const suiteTable = `lock_${randomUUID().replaceAll("-", "")}`;
let adapters: PostgresLockAdapter[];

function open(settings: Partial<PostgresLockAdapterSettings> = {}): PostgresLockAdapter {
  const adapter = new PostgresLockAdapter({ url, tableName: suiteTable, preparedStatements: false, ...settings });
  adapters.push(adapter);
  return adapter;
}

beforeEach(() => {
  adapters = [];
});

afterEach(async () => {
  await Promise.all(adapters.map((adapter) => adapter.close()));
});

afterAll(async () => {
  await client.query(`DROP TABLE IF EXISTS ${suiteTable}, ${suiteTable}_emptied, ${suiteTable}_prepared`);
  await client.end();
});

lockAdapterTestSuite({ expect, test, describe, beforeEach, createAdapter: () => open() });

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

describe("on a table that is emptied for each test", () => {
  beforeEach(async () => {
    await client.query(`DELETE FROM ${suiteTable}_emptied`).catch(() => undefined);
  });

  nativeLockAdapterTests(() => open({ tableName: `${suiteTable}_emptied` }));
});

describe("behind a pooler", () => {
  it("needs fewer sessions than there are adapters that ask at the same time", async () => {
    const many = Array.from({ length: 40 }, () => open({ maxConnections: 1 }));
    for (let round = 0; round < 5; round += 1) {
      const granted = await Promise.all(many.map((adapter, number) => adapter.acquire("one", `${number}`, ttl)));
      expect(granted.filter(Boolean)).toHaveLength(1);
      const own = await Promise.all(many.map((adapter, number) => adapter.acquire(`own ${number}`, "me", ttl)));
      expect(own).toEqual(many.map(() => true));
      const released = await Promise.all(many.map((adapter, number) => adapter.release(`own ${number}`, "me")));
      expect(released).toEqual(many.map(() => true));
      await many[0]?.forceRelease("one");
    }
  });

  it.each([
    ["that does not listen", {}],
    ["that listens, and notices that nothing is heard", { listen: true }],
  ])("grants a key to a waiter %s", async (_, settings) => {
    const [holder, waiter] = [open(settings), open(settings)].map((adapter) => new LockProvider({ adapter }));
    const patient = { time: TimeSpan.fromMinutes(1), interval: TimeSpan.fromMilliseconds(100) };
    for (const key of ["waited for", "waited for again"]) {
      const held = holder?.create(key, { ttl });
      await held?.acquireOrFail();
      const lock = waiter?.create(key, { ttl });
      const waiting = lock?.acquireBlocking(patient);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await held?.releaseOrFail();
      expect(await waiting).toBe(true);
      await lock?.releaseOrFail();
    }
  });

  it("says what to do about prepared statements that the pooler does not know", async () => {
    const many = Array.from({ length: 8 }, () =>
      open({ tableName: `${suiteTable}_prepared`, preparedStatements: true, maxConnections: 1 }),
    );
    const errors: unknown[] = [];
    for (let round = 0; round < 20 && errors.length === 0; round += 1) {
      await Promise.all(
        many.map((adapter, number) =>
          adapter.acquire(`key ${number}`, "me", ttl).catch((error: unknown) => errors.push(error)),
        ),
      );
    }
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      expect(error).toBeInstanceOf(ConfigurationLockError);
      expect(String(error)).toContain("preparedStatements: false");
    }
  });
});
