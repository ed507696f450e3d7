// What needs a MariaDB server of its own: its statistics, its restarts, its clock and time zones.

import mysql from "mysql2/promise";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { MysqlLockAdapter } from "../../ts/lock/adapters";
import { LOCK_ERRORS } from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";
import { nextFence, repeatUntil } from "./outage";
import { startServer } from "./own-server.mjs";
import { expectNothingToChange, soon } from "./summer-time";

const ttl = TimeSpan.fromMinutes(10);
let server: Awaited<ReturnType<typeof startServer>>;
let adapters: MysqlLockAdapter[] = [];

function open(): MysqlLockAdapter {
  const adapter = new MysqlLockAdapter({ url: server.url, shouldRemoveExpiredKeys: false });
  adapters.push(adapter);
  return adapter;
}

async function query(text: string): Promise<Record<string, unknown>[]> {
  const client = await mysql.createConnection(server.url);
  try {
    return (await client.query(text))[0] as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  server = await startServer("mariadb");
}, 120_000);

afterEach(async () => {
  await Promise.all(adapters.map((adapter) => adapter.close()));
  adapters = [];
});

afterAll(() => server?.stop());

test("an acquire alone is one statement and a release is one, in a batch mostly too, by the server's statistics", async () => {
  const adapter = open();
  await adapter.init();
  const executed = async () => {
    const [row] = await query("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'");
    return Number(row?.Value);
  };
  const count = async (what: string, work: () => Promise<unknown>) => {
    const before = await executed();
    await work();
    const statements = (await executed()) - before;
    console.log(`${what}: ${statements} statements`);
    return statements;
  };
  const keys = Array.from({ length: 50 }, (_, number) => `key ${number}`);
  const acquired = async () => {
    for (const key of keys) {
      expect(await adapter.acquire(key, "me", ttl)).toBe(true);
    }
  };
  const released = async () => {
    for (const key of keys) {
      expect(await adapter.release(key, "me")).toBe(true);
    }
  };
  expect(await count("50 acquires of new keys, one after another", acquired)).toBe(50);
  expect(await count("50 releases, one after another", released)).toBe(50);
  expect(await count("50 acquires of keys that were held before", acquired)).toBe(50);
  const refused = () => Promise.all(keys.map((key) => adapter.acquire(key, "they", ttl)));
  expect(await count("50 refused acquires at once", refused)).toBe(2);
  const releasedAtOnce = () => Promise.all(keys.map((key) => adapter.release(key, "me")));
  expect(await count("50 releases at once", releasedAtOnce)).toBe(1);
  const provider = new LockProvider({ adapter, defaultTtl: ttl });
  const locks = keys.map((key) => provider.create(key));
  const allAtOnce = (verb: "acquireOrFail" | "releaseOrFail") => () => Promise.all(locks.map((lock) => lock[verb]()));
  expect(await count("50 locks acquired at once that are new", allAtOnce("acquireOrFail"))).toBe(2);
  expect(await count("50 locks released at once", allAtOnce("releaseOrFail"))).toBe(1);
  expect(await count("50 locks acquired at once that were held before", allAtOnce("acquireOrFail"))).toBe(1);
});

describe.each([
  ["an orderly restart", "SIGTERM"],
  ["a kill", "SIGKILL"],
] as const)("%s of the server", (_, signal) => {
  test("costs typed errors while it is away and nothing after, and fences go on", { timeout: 120_000 }, async () => {
    const adapter = open();
    expect(await adapter.acquire("held", signal, ttl)).toBe(true);
    const before = await nextFence(adapter, "k");

    const errors: unknown[] = [];
    const outage = repeatUntil(() => adapter.acquire(`${signal} away`, "me", ttl), errors);
    await server.restart(signal, async () => {
      await expect(adapter.acquire("k", "me", ttl)).rejects.toThrow(LOCK_ERRORS.Adapter);
    });
    await outage.end();
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      expect(error).toBeInstanceOf(LOCK_ERRORS.Adapter);
    }

    for (let number = 0; number < 20; number += 1) {
      expect(await adapter.acquire(`${signal} ${number}`, "me", ttl)).toBe(true);
    }
    expect(await adapter.acquire("held", "they", ttl)).toBe(false);
    expect(await nextFence(adapter, "k")).toBeGreaterThan(before);
    await adapter.release("held", signal);
  });
});

test("sessions that are killed while they are idle show nowhere", { timeout: 180_000 }, async () => {
  const adapter = open();
  for (let round = 0; round < 5; round += 1) {
    expect(await adapter.acquire(`session ${round}`, "me", ttl)).toBe(true);
    const sessions = await query(
      "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND db = 'holdfast'",
    );
    expect(sessions.length).toBeGreaterThan(0);
    for (const { id } of sessions) {
      await query(`KILL ${id}`).catch(() => undefined);
    }
    await expect
      .poll(
        () => query("SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND db = 'holdfast'"),
        { timeout: 30_000 },
      )
      .toEqual([]);
  }
});

test.each([
  ["sql_mode", "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE'"],
  ["sql_mode", "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ONLY_FULL_GROUP_BY'"],
  ["sql_mode", "''"],
  ["time_zone", "'+10:30'"],
  ["time_zone", "'SYSTEM'"],
  ["tx_isolation", "'SERIALIZABLE'"],
  ["tx_isolation", "'READ-COMMITTED'"],
])("the server's %s %s changes nothing", async (name, value) => {
  const [before] = await query(`SELECT @@GLOBAL.${name} AS value`);
  await query(`SET GLOBAL ${name} = ${value}`);
  try {
    const adapter = open();
    const odd = `it's "odd" \\ \u00e9 ${name} ${value}`;
    expect(await adapter.acquire(odd, odd, TimeSpan.fromHours(3))).toBe(true);
    expect(await adapter.acquire(`${odd} `, odd, null)).toBe(true);
    expect(await Promise.all([adapter.acquire(odd, "they", ttl), adapter.acquire(`${odd}  `, odd, ttl)])).toEqual([
      false,
      true,
    ]);
    const state = await adapter.getState(odd);
    expect(state?.owner).toBe(odd);
    expect(Math.abs((state?.expiration?.getTime() ?? 0) - Date.now() - 3 * 3_600_000)).toBeLessThan(60_000);
    expect(await adapter.release(odd, odd)).toBe(true);
  } finally {
    await query(`SET GLOBAL ${name} = '${before?.value}'`);
  }
});

test("the end of summer time in the server's time zone changes nothing", { timeout: 120_000 }, async () => {
  const end = soon();
  await query("INSERT INTO mysql.time_zone VALUES (1, 'N')");
  await query("INSERT INTO mysql.time_zone_name VALUES ('Test/Zone', 1)");
  await query("INSERT INTO mysql.time_zone_transition_type VALUES (1, 0, 3600, 1, 'SUM'), (1, 1, 0, 0, 'WIN')");
  await query(`INSERT INTO mysql.time_zone_transition VALUES (1, ${end - 86_400 * 90}, 0), (1, ${end}, 1)`);
  await query("SET GLOBAL time_zone = 'Test/Zone'");
  try {
    await expectNothingToChange(open(), end, async () => {
      const [row] = await query("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) AS ahead");
      return Number(row?.ahead);
    });
  } finally {
    await query("SET GLOBAL time_zone = 'SYSTEM'");
  }
});

test("twenty adapters that begin at once agree on a table", async () => {
  const starters = Array.from({ length: 20 }, () => {
    const adapter = new MysqlLockAdapter({ url: server.url, tableName: "twenty" });
    adapters.push(adapter);
    return adapter;
  });
  const granted = await Promise.all(starters.map((adapter, number) => adapter.acquire("k", `${number}`, ttl)));
  expect(granted.filter(Boolean)).toHaveLength(1);
});

test("a row that another transaction keeps is answered held in bounded time, and holds up no other key", async () => {
  const adapter = open();
  await adapter.acquire("kept", "me", TimeSpan.fromMilliseconds(1));
  const client = await mysql.createConnection(server.url);
  try {
    await client.query("BEGIN");
    await client.query("SELECT * FROM `lock` WHERE `key` = 'kept' FOR UPDATE");
    const [kept, other] = await Promise.all([
      adapter.acquire("kept", "they", ttl),
      adapter.acquire("another key", "they", ttl),
    ]);
    expect([kept, other]).toEqual([false, true]);
  } finally {
    await client.end();
  }
});
