import { Mutex } from "redis-semaphore";
import { openLocks } from "../locks.mjs";
import { connect, ttlMs } from "../redis-client.mjs";

export const name = "redis-semaphore";
export const backend = "redis";
export const role = "peer";

export function open(keys, _folder, url) {
  const client = connect(url);
  return openLocks(
    keys,
    (key) => {
      // By default it also renews the lease by a timer.
      const mutex = new Mutex(client, key, { lockTimeout: ttlMs, refreshInterval: 0 });
      return {
        acquire: () => mutex.tryAcquire(),
        async release() {
          await mutex.release();
          return true;
        },
      };
    },
    () => client.disconnect(),
  );
}
