// A process of a scenario: does what its first argument names, with one rival, and tells what came of it.

import { setTimeout } from "node:timers/promises";
import { now } from "../clock.mjs";
import { rivals } from "./rivals.mjs";

const { work, rival, url, ttlMs, tasks, seconds, key, count } = JSON.parse(process.argv[2] ?? "");
const locks = await rivals[rival].open(url, ttlMs);
const patienceMs = 600_000;

const works = {
  /** Takes and gives back one key, again and again, in several tasks; tells when each of them was granted it. */
  async handOver() {
    const end = performance.now() + seconds * 1_000;
    const grants = Array.from({ length: tasks }, async () => {
      const times = [];
      while (performance.now() < end) {
        const held = await locks.acquire(key, patienceMs);
        times.push(now());
        await held.release();
      }
      return times;
    });
    return { grants: await Promise.all(grants) };
  },

  /** Waits in many tasks for a key that is held. */
  async wait() {
    for (let task = 0; task < tasks; task += 1) {
      locks.acquire(key, patienceMs).catch(() => undefined);
    }
    await setTimeout(1_000);
    tell({ isReady: true });
    const before = process.cpuUsage();
    await setTimeout(seconds * 1_000);
    const { user, system } = process.cpuUsage(before);
    return { cpu: (user + system) / 1e6 / seconds };
  },

  /** Holds a key until it is killed. */
  async hold() {
    const asked = now();
    await locks.acquire(key, patienceMs);
    tell({ asked, granted: now() });
    await setTimeout(patienceMs);
  },

  /** Has the lease renewed, and does not let the event loop run. */
  async block() {
    await locks.keep(key);
    tell({ isReady: true });
    await setTimeout(100);
    for (const end = performance.now() + seconds * 1_000; performance.now() < end; );
    return {};
  },

  /** Has many leases renewed. */
  async keepMany() {
    const before = process.memoryUsage().rss;
    await Promise.all(Array.from({ length: count }, (_, number) => locks.keep(`${key}-${number}`)));
    tell({ isReady: true });
    const used = process.cpuUsage();
    await setTimeout(seconds * 1_000);
    const { user, system } = process.cpuUsage(used);
    return { cpu: (user + system) / 1e6 / seconds, memory: process.memoryUsage().rss - before };
  },

  /** Is through with its first lock. */
  async start() {
    const held = await locks.acquire(key, patienceMs);
    const memory = process.memoryUsage().rss;
    await held.release();
    return { memory };
  },
};

const result = await works[work]();
await new Promise((resolve) => process.send({ result }, resolve));
process.disconnect();
await locks.close();
process.exit();

function tell(message) {
  process.send(message);
}
