// What needs a PostgreSQL server of its own: its statistics, its restarts, its clock and time zones.

import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { PostgresLockAdapter } from "../../ts/lock/adapters";
import { LOCK_ERRORS } from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";
import { nextFence, repeatUntil } from "./outage";
import { startServer } from "./own-server.mjs";
import { expectNothingToChange, soon } from "./summer-time";

const ttl = TimeSpan.fromMinutes(10);
let server: Awaited<ReturnType<typeof startServer>>;
let adapters: PostgresLockAdapter[] = [];

function open(): PostgresLockAdapter {
  const adapter = new PostgresLockAdapter({ url: server.url, shouldRemoveExpiredKeys: false });
  adapters.push(adapter);
  return adapter;
}

async function query(text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url });
  // It may be cut off by a restart.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  server = await startServer("postgres", { shared_preload_libraries: "pg_stat_statements" });
}, 120_000);

afterEach(async () => {
  await Promise.all(adapters.map((adapter) => adapter.close()));
  adapters = [];
});

afterAll(() => server?.stop());

test("an acquire is one statement and a release is one, alone or in a batch, by the server's statistics", async () => {
  await query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
  const adapter = open();
  await adapter.init();
  const count = async (what: string, work: () => Promise<unknown>) => {
    await query("SELECT pg_stat_statements_reset()");
    await work();
    const [row] = await query(
      `SELECT coalesce(sum(calls), 0)::int AS calls, count(*)::int AS texts FROM pg_stat_statements
       WHERE query NOT LIKE '%pg_stat_statements%'`,
    );
    console.log(`${what}: ${row?.calls} statements`);
    return row?.calls;
  };
  const inTurn = async (verb: "acquire" | "release", keys: readonly string[]) => {
    for (const key of keys) {
      expect(await (verb === "acquire" ? adapter.acquire(key, "me", ttl) : adapter.release(key, "me"))).toBe(true);
    }
  };
  const keys = Array.from({ length: 50 }, (_, number) => `key ${number}`);
  expect(await count("50 acquires of new keys, one after another", () => inTurn("acquire", keys))).toBe(50);
  expect(await count("50 releases, one after another", () => inTurn("release", keys))).toBe(50);
  expect(await count("50 acquires of keys that were held before", () => inTurn("acquire", keys))).toBe(50);
  const refused = () => Promise.all(keys.map((key) => adapter.acquire(key, "they", ttl)));
  expect(await count("50 refused acquires at once", refused)).toBe(1);
  const released = () => Promise.all(keys.map((key) => adapter.release(key, "me")));
  expect(await count("50 releases at once", released)).toBe(1);
});

describe.each([
  ["a fast restart", "SIGINT"],
  ["an immediate restart", "SIGQUIT"],
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

test("sessions that are ended while they are idle show nowhere", async () => {
  const adapter = open();
  for (let round = 0; round < 5; round += 1) {
    expect(await adapter.acquire(`session ${round}`, "me", ttl)).toBe(true);
    const ended = await query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holdfast'",
    );
    expect(ended.length).toBeGreaterThan(0);
  }
});

test.each(["America/New_York", "Australia/Lord_Howe", "UTC"])(
  "the time zone %s of the server changes nothing",
  async (zone) => {
    await query(`ALTER DATABASE postgres SET timezone = '${zone}'`);
    const adapter = open();
    expect(await adapter.acquire(zone, "me", TimeSpan.fromHours(3))).toBe(true);
    const remaining = ((await adapter.getState(zone))?.expiration?.getTime() ?? 0) - Date.now();
    expect(Math.abs(remaining - 3 * 3_600_000)).toBeLessThan(60_000);
  },
);

test("the end of summer time in the server's time zone changes nothing", { timeout: 120_000 }, async () => {
  const end = soon();
  // A day of the year and a time of summer, an hour ahead of universal time.
  const midnight = new Date(end * 1_000).setUTCHours(0, 0, 0, 0);
  const day = Math.round((midnight - Date.UTC(new Date(midnight).getUTCFullYear(), 0, 1)) / 86_400_000);
  const time = end - midnight / 1_000 + 3_600;
  const clock = [time / 3_600, (time / 60) % 60, time % 60].map((part) => String(Math.floor(part))).join(":");
  await query(`ALTER DATABASE postgres SET timezone = 'WIN0SUM-1,${(day + 275) % 365}/0,${day}/${clock}'`);
  try {
    await expectNothingToChange(open(), end, async () => {
      const [row] = await query("SELECT extract(timezone FROM now())::int AS ahead");
      return Number(row?.ahead);
    });
  } finally {
    await query("ALTER DATABASE postgres RESET timezone");
  }
});

test("twenty adapters that begin at once agree on a table", async () => {
  const starters = Array.from({ length: 20 }, () => {
    const adapter = new PostgresLockAdapter({ url: server.url, tableName: "twenty" });
    adapters.push(adapter);
    return adapter;
  });
  const granted = await Promise.all(starters.map((adapter, number) => adapter.acquire("k", `${number}`, ttl)));
  expect(granted.filter(Boolean)).toHaveLength(1);
});

test("a row that another transaction keeps is answered held in bounded time, and holds up no other key", async () => {
  const adapter = open();
  await adapter.acquire("kept", "me", TimeSpan.fromMilliseconds(1));
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT FROM lock WHERE key = 'kept' FOR UPDATE");
    const [kept, other] = await Promise.all([
      adapter.acquire("kept", "they", ttl),
      adapter.acquire("another key", "they", ttl),
    ]);
    expect([kept, other]).toEqual([false, true]);
  } finally {
    await client.end();
  }
});
