// Locks and releases over and over in this process, says at intervals what it has, and ends with 1 if that has grown.
// node --expose-gc benches/leaks/cycles.mjs memory: 1000000

import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { bounds, Reading } from "./reading.mjs";

const { LockProvider, TimeSpan } = createRequire(import.meta.url)("../../index.js");

const [url = "memory:", cycleCount = "1000000", fault] = process.argv.slice(2);
const cycles = Number(cycleCount);
const lanes = Math.min(64, cycles);
const intervals = 10;
/** In these, code is compiled, pools are filled and tables grow: what has come by their end is not judged. */
const warmingUp = 3;
const patience = { time: TimeSpan.fromMinutes(10), interval: TimeSpan.fromSeconds(1) };
/** What a leaking program would keep; `leak` as third argument makes this one such a program. */
const kept = [];

const run = randomUUID();
const provider = new LockProvider({ adapter: url, defaultTtl: TimeSpan.fromMinutes(10) });
console.log(`${cycles.toLocaleString("en")} cycles over ${url.split(":", 1)}, ${lanes} at a time`);
const readings = [];
for (let interval = 1; interval <= intervals; interval += 1) {
  await Promise.all(Array.from({ length: lanes }, (_, lane) => cycleThrough(lane, interval)));
  const reading = await Reading.take();
  console.log(`${Math.round((cycles / intervals) * interval).toLocaleString("en")}: ${reading}`);
  readings.push(reading);
}
const growth = readings.at(-1).since(readings[warmingUp - 1]);
console.log(`grown since by ${growth}; allowed are ${bounds}`);
const isLeaking = growth.exceeds(bounds);
console.log(isLeaking ? "leaking" : "no leak");
await provider.close();
process.exitCode = isLeaking ? 1 : 0;

/** Does the share of a lane in an interval. Every cycle is an acquire and a release, and some are more than that. */
async function cycleThrough(lane, interval) {
  const share = Math.ceil(cycles / intervals / lanes);
  for (let cycle = 0; cycle < share; cycle += 1) {
    // Every other key is never seen again.
    const key = cycle % 2 === 0 ? `${run} ${lane}` : `${run} ${lane} ${interval} ${cycle}`;
    const lock = provider.create(key, { keepAlive: cycle % 10 === 1 });
    if (fault === "leak") {
      kept.push(lock, new ArrayBuffer(256));
    }
    await lock.acquireOrFail();
    if (cycle % 10 === 2) {
      await lock.refreshOrFail();
    }
    if (cycle % 10 === 3) {
      await handOver(key, lock);
    } else {
      await lock.releaseOrFail();
    }
    if (cycle % 10 === 4) {
      await provider.create(key).run(async ({ signal }) => signal.aborted);
    }
  }
}

/** From one to another who waits, past a third who is refused and a fourth who gives up. */
async function handOver(key, lock) {
  const heir = provider.create(key);
  const waiting = heir.acquireBlockingOrFail(patience);
  const controller = new AbortController();
  const leaving = provider.create(key).acquireBlocking({ ...patience, signal: controller.signal });
  const settled = Promise.allSettled([waiting, leaving]);
  if (await provider.create(key).acquire()) {
    throw new Error(`"${key}" was granted twice`);
  }
  controller.abort();
  await lock.releaseOrFail();
  const [granted] = await settled;
  if (granted.status === "rejected") {
    throw granted.reason;
  }
  await heir.releaseOrFail();
}
