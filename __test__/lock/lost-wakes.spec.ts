// What those who wait do when they are not woken: each release here is one that nobody tells them of.

import { randomUUID } from "node:crypto";
import Redis from "ioredis";
import pg from "pg";
import { afterEach, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { PostgresLockAdapter, RedisLockAdapter } from "../../ts/lock/adapters";
import { Namespace, TimeSpan } from "../../ts/utilities";
import type { BackendAdapter } from "./backends";
import { makeDatabase } from "./throwaway-database";

/** A database with locks in it, which another program can take away. */
interface Scene {
  open(): BackendAdapter;
  /** Frees a key without a word, and cuts whatever those who wait listen to. */
  free(key: string): Promise<void>;
  close(): Promise<void>;
}

const WAITERS = 20;
const namespace = new Namespace("lost-wakes");
const STORED_KEY = namespace.create("key").namespaced;
const settings = { time: TimeSpan.fromMinutes(10), interval: TimeSpan.fromMilliseconds(50) };

async function overRedis(): Promise<Scene> {
  const url = process.env.REDIS_URL;
  if (url === undefined) {
    throw new Error("REDIS_URL names no Redis server; npm test provides one, or set it");
  }
  const keyPrefix = `holdfast-${randomUUID()}:`;
  const client = new Redis(url, { keyPrefix });
  return {
    open: () => new RedisLockAdapter({ url, keyPrefix }),
    free: async (key) => expect(await client.del(key)).toBe(1),
    close: async () => client.disconnect(),
  };
}

async function overPostgres(): Promise<Scene> {
  const { url, drop } = await makeDatabase("postgres");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    open: () => new PostgresLockAdapter({ url }),
    free: async (key) => {
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
      );
      const { rowCount } = await client.query("DELETE FROM lock WHERE key = $1", [key]);
      expect(rowCount).toBe(1);
    },
    close: async () => {
      await client.end();
      await drop();
    },
  };
}

describe.each([
  ["Redis", overRedis],
  ["PostgreSQL", overPostgres],
])("without wakes over %s", (_, make) => {
  let scene: Scene;
  let adapters: BackendAdapter[];

  afterEach(async () => {
    await Promise.all(adapters.map((adapter) => adapter.close()));
    await scene.close();
  });

  async function prepare(): Promise<LockProvider[]> {
    scene = await make();
    adapters = [scene.open(), scene.open()];
    await Promise.all(adapters.map((adapter) => adapter.init()));
    return adapters.map((adapter) => new LockProvider({ adapter, namespace, defaultTtl: null }));
  }

  test("the interval ends every wait, in order, and nobody is let in twice", async () => {
    const [provider, other] = (await prepare()) as [LockProvider, LockProvider];
    await other.create("key").acquireOrFail();
    let inside = 0;
    const served: number[] = [];
    const visits = Array.from({ length: WAITERS }, async (_, number) => {
      expect(await provider.create("key").acquireBlocking(settings)).toBe(true);
      inside += 1;
      expect(inside).toBe(1);
      served.push(number);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside -= 1;
      await scene.free(STORED_KEY);
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await scene.free(STORED_KEY);
    await Promise.all(visits);
    expect(served).toEqual(Array.from({ length: WAITERS }, (_, number) => number));
    expect(await provider.create("key").isLocked()).toBe(false);
  });

  test("the end of a lease ends a wait, however long the interval is", async () => {
    const [provider, other] = (await prepare()) as [LockProvider, LockProvider];
    await other.create("key", { ttl: TimeSpan.fromMilliseconds(500) }).acquireOrFail();
    const hours = TimeSpan.fromHours(10);
    expect(await provider.create("key").acquireBlocking({ time: hours, interval: hours })).toBe(true);
  });
});
