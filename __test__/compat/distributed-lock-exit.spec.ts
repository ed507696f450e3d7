// The ends of processes that hold a lock.

import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { Child, QUIET_END } from "../processes/child";

if (!process.env.POSTGRES_URL) {
  throw new Error('These tests need a PostgreSQL server; run them with "npm test", or set POSTGRES_URL');
}
const TABLE = `drop_in_exit_${process.pid}`;

let pool: Pool;

beforeAll(() => {
  pool = new Pool({ connectionString: process.env.POSTGRES_URL });
});

afterEach(() => pool.query(`DROP TABLE IF EXISTS ${TABLE}`));
afterAll(() => pool.end());

it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "a process that does not listen to %s dies of it, and its locks are released",
  async (signal) => {
    const child = await leave("with a section that goes on");
    expect(await holders()).toHaveLength(1);
    process.kill(child.pid, signal);
    expect(await child.ended).toEqual({ ...QUIET_END, code: null, signal });
    // The server may carry out what it was sent last when the process is gone. The lease itself is of twenty minutes.
    await expect.poll(holders, { timeout: 30_000 }).toEqual([]);
  },
);

it("a process that listens to a signal goes on, and keeps its locks while it does", async () => {
  const child = await leave("with a listener that waits for the section");
  const before = await holders();
  expect(before).toHaveLength(1);
  process.kill(child.pid, "SIGTERM");
  expect(await child.hear()).toBe("signalled");
  // In which it could let go of the lock.
  await sleep(500);
  expect(await holders()).toEqual(before);
  child.tell("end");
  expect(await child.hear()).toBe("released");
  expect(await child.ended).toEqual({ ...QUIET_END, code: 7 });
  expect(await holders()).toEqual([]);
});

it("a section that nothing can end any more does not keep its process, nor its lock", async () => {
  const child = await leave("with a section that never ends");
  expect(await child.ended).toEqual({ ...QUIET_END, code: 3 });
  expect(await holders()).toEqual([]);
});

it("a process without a lock has no listener of ours, and nothing that keeps it", async () => {
  const child = new Child("../compat/leaving.mjs", ["with nothing to do", TABLE], { talks: true });
  expect(await child.hear()).toEqual([0, 0, 0, 0]);
  expect(await child.ended).toEqual(QUIET_END);
});

/** Starts a process, and waits until it is in its section. */
async function leave(way: string): Promise<Child> {
  const child = new Child("../compat/leaving.mjs", [way, TABLE], { talks: true });
  expect(await child.hear()).toBe("in");
  return child;
}

async function holders(): Promise<string[]> {
  const { rows } = await pool.query(`SELECT node_id FROM ${TABLE}`);
  return rows.map(({ node_id }) => node_id);
}
