// A thread with a lock in memory. It does what it is told, and answers what came of it.

import { parentPort, workerData } from "node:worker_threads";
import { LockProvider, MemoryLockAdapter, TimeSpan } from "holdfast";

const { name, key, counter } = workerData;
const lock = new LockProvider({ adapter: new MemoryLockAdapter({ name }) }).create(key, { ttl: null });

/** @type {Record<string, () => PromiseLike<unknown>>} */
const orders = {
  acquire: () => lock.acquire(),
  release: () => lock.release(),
  count,
};

parentPort?.on("message", async (order) => {
  parentPort?.postMessage(await orders[order]?.());
});

/** Adds to a number that nothing but the lock protects, and answers how often it did. */
async function count() {
  const times = 200;
  const blocking = { time: TimeSpan.fromMinutes(10), interval: TimeSpan.fromMilliseconds(1) };
  for (let time = 0; time < times; time += 1) {
    await lock.runBlockingOrFail(async () => {
      const before = counter[0];
      await new Promise((resolve) => setImmediate(resolve));
      counter[0] = before + 1;
    }, blocking);
  }
  return times;
}
