// Locks over one Redis server, each as its package does it by default. What is not said here is left as it is.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/**
 * @typedef {object} Rival
 * @property {string} name
 * @property {(url: string, ttlMs: number) => Promise<OpenRival>} open
 *
 * @typedef {object} OpenRival
 * @property {(key: string, patienceMs: number) => Promise<Held>} acquire waits for the key
 * @property {(key: string) => Promise<Held>} [keep] acquires a key that is free, and has the package renew the lease; left
 *   out where it does not do that
 * @property {() => Promise<void> | void} close
 *
 * @typedef {{ release(): Promise<unknown> }} Held
 */

/** @type {Record<string, Rival>} */
export const rivals = {
  holdfast: {
    name: "holdfast",
    async open(url, ttlMs) {
      const { LockProvider, RedisLockAdapter, TimeSpan } = require("../../index.js");
      const adapter = new RedisLockAdapter({ url });
      const provider = new LockProvider({ adapter, defaultTtl: TimeSpan.fromMilliseconds(ttlMs) });
      return {
        async acquire(key, patienceMs) {
          const lock = provider.create(key);
          await lock.acquireBlockingOrFail({ time: TimeSpan.fromMilliseconds(patienceMs) });
          return lock;
        },
        async keep(key) {
          const lock = provider.create(key, { keepAlive: true });
          await lock.acquireOrFail();
          return lock;
        },
        close: () => adapter.close(),
      };
    },
  },

  "redis-semaphore": {
    name: "redis-semaphore",
    async open(url, ttlMs) {
      const { Mutex } = await import("redis-semaphore");
      const client = await connect(url);
      const acquire = async (key, patienceMs, refreshInterval) => {
        const mutex = new Mutex(client, key, { lockTimeout: ttlMs, acquireTimeout: patienceMs, refreshInterval });
        await mutex.acquire();
        return mutex;
      };
      return {
        acquire: (key, patienceMs) => acquire(key, patienceMs, 0),
        keep: (key) => acquire(key, 10_000, undefined),
        close: () => client.disconnect(),
      };
    },
  },

  redlock: {
    name: "@sesamecare-oss/redlock",
    async open(url, ttlMs) {
      const { Redlock } = await import("@sesamecare-oss/redlock");
      const client = await connect(url);
      const redlock = new Redlock([client], { retryCount: -1 });
      return {
        acquire: (key) => redlock.acquire([`redlock:${key}`], ttlMs),
        keep(key) {
          return new Promise((resolve, reject) => {
            const work = () =>
              new Promise((release) =>
                resolve({
                  async release() {
                    release();
                    await using;
                  },
                }),
              );
            const using = redlock.using([`redlock:${key}`], ttlMs, work);
            // A lock that it lost is not given back either; that is for whoever measures to see.
            using.catch(reject);
          });
        },
        close: () => client.disconnect(),
      };
    },
  },

  "ioredis-lock": {
    name: "@microfleet/ioredis-lock",
    async open(url, ttlMs) {
      const { createLock } = require("@microfleet/ioredis-lock");
      const client = await connect(url);
      return {
        async acquire(key) {
          const lock = createLock(client, { timeout: ttlMs, retries: Number.MAX_SAFE_INTEGER });
          await lock.acquire(`ioredis-lock:${key}`);
          return lock;
        },
        close: () => client.disconnect(),
      };
    },
  },
};

/** A client as most of them have it. */
export async function connect(url) {
  const { Redis } = await import("ioredis");
  return new Redis(url);
}
