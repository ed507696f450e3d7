// A process that holds a key, or has many who wait for it, as the messages to it order.

import { setTimeout as sleep } from "node:timers/promises";
import holdfast from "../../index.js";
import { now } from "../clock.mjs";
import { rivals } from "../scenarios/rivals.mjs";

const minutesMs = 600_000;
const { rival, adapter, settings } = JSON.parse(process.argv[2]);
const locks = await (rival === undefined ? openHoldfast() : rivals[rival].open(settings.url, minutesMs));
let held;

const orders = {
  async hold(key, ttlMs) {
    held = await locks.acquire(key, minutesMs, ttlMs);
    return { granted: now() };
  },

  async release() {
    const released = now();
    await held.release();
    return { released };
  },

  /** So many wait at once for a key, and have an empty section each. */
  visit(key, count) {
    void Promise.all(
      Array.from({ length: count }, async () => {
        const visit = await locks.acquire(key, minutesMs);
        const entered = now();
        const left = now();
        await visit.release();
        return [entered, left];
      }),
    ).then((sections) => process.send({ sections }));
    return { areWaiting: true };
  },

  /** So many wait, and nothing happens; memory is in bytes for all of them. */
  async stand(key, count) {
    const before = process.memoryUsage().rss;
    for (let waiter = 0; waiter < count; waiter += 1) {
      locks.acquire(key, minutesMs).catch(() => undefined);
    }
    await sleep(2_000);
    return { memory: process.memoryUsage().rss - before };
  },

  /** The share of a core that is used meanwhile. */
  async watch(seconds) {
    const before = process.cpuUsage();
    await sleep(seconds * 1_000);
    const { user, system } = process.cpuUsage(before);
    return { cpu: (user + system) / 1e6 / seconds };
  },
};

process.on("message", async ([order, ...values]) => process.send(await orders[order](...values)));
process.on("disconnect", () => process.exit());
process.send({ isReady: true });

async function openHoldfast() {
  const { LockProvider, TimeSpan } = holdfast;
  const patience = { time: TimeSpan.fromMilliseconds(minutesMs), interval: TimeSpan.fromSeconds(1) };
  const opened = new holdfast[adapter](settings);
  await opened.init();
  const provider = new LockProvider({ adapter: opened });
  return {
    async acquire(key, _patienceMs, ttlMs = minutesMs) {
      const lock = provider.create(key, { ttl: TimeSpan.fromMilliseconds(ttlMs) });
      await lock.acquireBlockingOrFail(patience);
      return { release: () => lock.releaseOrFail() };
    },
  };
}
