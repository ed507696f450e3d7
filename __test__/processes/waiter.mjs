// A process that waits for the key "key". It does what it is told: [order, ...arguments], one after the other.

import { readFile, writeFile } from "node:fs/promises";
import * as holdfast from "holdfast";

/** @type {Record<string, any>} */
const adapters = holdfast;
const { adapter: name, settings } = JSON.parse(process.argv[2] ?? "");
const adapter = new adapters[name](settings);
const provider = new holdfast.LockProvider({ adapter, defaultTtl: holdfast.TimeSpan.fromMinutes(10) });
const patient = { time: holdfast.TimeSpan.fromMinutes(10), interval: holdfast.TimeSpan.fromSeconds(1) };

/** @type {Record<string, (...values: any[]) => Promise<unknown>>} */
const orders = { hold, visit, count, gather, rest, disperse };

await adapter.init();
process.on("message", async (order) => {
  const [verb = "", ...values] = /** @type {[string, ...unknown[]]} */ (order);
  process.send?.(await orders[verb]?.(...values));
});
process.send?.("ready");

/** Holds the key for that many milliseconds from a moment that lies between the two that it tells. */
async function hold(ttl = 0) {
  const lock = provider.create("key", { ttl: holdfast.TimeSpan.fromMilliseconds(ttl) });
  const before = now();
  await lock.acquireOrFail();
  return [before, now()];
}

/** So many tasks at once are in sections of the key, one after the other, until that time. At least once each. */
async function visit(tasks = 1, until = 0, milliseconds = 0) {
  /** @type {[asked: number, entered: number, left: number][]} */
  const sections = [];
  const task = async () => {
    do {
      const lock = provider.create("key");
      const asked = now();
      await lock.acquireBlockingOrFail(patient);
      const entered = now();
      if (milliseconds > 0) {
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
      }
      const left = now();
      await lock.releaseOrFail();
      sections.push([asked, entered, left]);
    } while (now() < until);
  };
  const visits = Promise.all(Array.from({ length: tasks }, task));
  process.send?.("waiting");
  await visits;
  return sections;
}

/** So many tasks at once add one to the number in a file, that often, each time in a section of its own. */
async function count(file = "", tasks = 1, times = 1, interval = 1_000) {
  const task = async () => {
    for (let time = 0; time < times; time += 1) {
      const lock = provider.create("key");
      await lock.acquireBlockingOrFail({ ...patient, interval: holdfast.TimeSpan.fromMilliseconds(interval) });
      const number = Number(await readFile(file, "utf8"));
      await writeFile(file, `${number + 1}`);
      await lock.releaseOrFail();
    }
  };
  const counting = Promise.all(Array.from({ length: tasks }, task));
  process.send?.("waiting");
  await counting;
  return tasks * times;
}

let ending = new AbortController();
/** @type {Promise<unknown>} */
let crowd = Promise.resolve();

/** So many wait, each with a lock of its own, until they are told to disperse. The memory that each takes, in bytes. */
async function gather(count = 1) {
  ending = new AbortController();
  let refused = 0;
  /** @type {() => void} */
  let tellAllWait = () => undefined;
  const allWait = new Promise((resolve) => {
    tellAllWait = () => resolve(undefined);
  });
  await provider.addListener(holdfast.LOCK_EVENTS.UNAVAILABLE, () => {
    refused += 1;
    if (refused === count) {
      tellAllWait();
    }
  });
  const before = process.memoryUsage().rss;
  const { signal } = ending;
  crowd = Promise.allSettled(
    Array.from({ length: count }, () => provider.create("key").acquireBlocking({ ...patient, signal })),
  );
  await allWait;
  return (process.memoryUsage().rss - before) / count;
}

/** Does nothing for as long. The part of it that the processor worked for this process. */
async function rest(milliseconds = 0) {
  const before = process.cpuUsage();
  const begun = now();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / (now() - begun);
}

/** Those who wait give up. How many there were. */
async function disperse() {
  ending.abort();
  const outcomes = /** @type {PromiseSettledResult<unknown>[]} */ (await crowd);
  return outcomes.filter(({ status }) => status === "rejected").length;
}

/** In milliseconds, on the clock that all processes of a host share. */
function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
