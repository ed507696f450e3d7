import { createRequire } from "node:module";
import { openLocks } from "../locks.mjs";
import { connect, ttlMs } from "../redis-client.mjs";

const { createLock } = createRequire(import.meta.url)("@microfleet/ioredis-lock");

export const name = "@microfleet/ioredis-lock";
export const backend = "redis";
export const role = "peer";

export function open(keys, _folder, url) {
  const client = connect(url);
  return openLocks(
    keys,
    (key) => {
      const lock = createLock(client, { timeout: ttlMs, retries: 0 });
      return {
        async acquire() {
          await lock.acquire(`ioredis-lock:${key}`);
          return true;
        },
        async release() {
          await lock.release();
          return true;
        },
      };
    },
    () => client.disconnect(),
  );
}
