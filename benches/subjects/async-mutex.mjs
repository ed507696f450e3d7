import { createRequire } from "node:module";

// Not imported: the CommonJS build of this package is three times as fast as its ES module.
const { Mutex } = createRequire(import.meta.url)("async-mutex");

export const name = "async-mutex";
export const backend = "memory";
export const role = "peer";

export function open(keys) {
  const mutexes = new Map(keys.map((key) => [key, new Mutex()]));
  return {
    async cycles(key, count) {
      const mutex = mutexes.get(key);
      for (let left = count; left > 0; left -= 1) {
        const release = await mutex.acquire();
        release();
      }
    },
    async renewedCycles(_key, count) {
      for (let left = count; left > 0; left -= 1) {
        const release = await new Mutex().acquire();
        release();
      }
    },
    close() {},
  };
}
