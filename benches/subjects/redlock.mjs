import { Redlock } from "@sesamecare-oss/redlock";
import { openLocks } from "../locks.mjs";
import { connect, ttlMs } from "../redis-client.mjs";

export const name = "@sesamecare-oss/redlock";
export const backend = "redis";
export const role = "peer";

export function open(keys, _folder, url) {
  const client = connect(url);
  const redlock = new Redlock([client], { retryCount: 0 });
  return openLocks(
    keys,
    (key) => {
      let lock;
      return {
        async acquire() {
          lock = await redlock.acquire([`redlock:${key}`], ttlMs);
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
