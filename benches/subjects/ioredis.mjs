import { randomUUID } from "node:crypto";
import { openLocks } from "../locks.mjs";
import { connect, ttlMs } from "../redis-client.mjs";

export const name = "ioredis";
export const backend = "redis";
export const role = "floor";

const releaseIfOwned = `if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`;

export function open(keys, _folder, url) {
  const client = connect(url, { scripts: { releaseIfOwned: { lua: releaseIfOwned, numberOfKeys: 1 } } });
  return openLocks(
    keys,
    (key) => {
      const owner = randomUUID();
      return {
        acquire: async () => (await client.set(`ioredis:${key}`, owner, "PX", ttlMs, "NX")) === "OK",
        release: async () => (await client.releaseIfOwned(`ioredis:${key}`, owner)) === 1,
      };
    },
    () => client.disconnect(),
  );
}
