// One of the processes that contend for the same keys: eight tasks at once, each in one section after another. Every
// section reads a counter that nothing but the lock protects, pauses, and writes it back plus one.

import { openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { LockProvider, Namespace, SqliteLockAdapter, TimeSpan } from "holdfast";

const [folder = "", logFile = "", epoch = "", ttl = "", ...keys] = process.argv.slice(2);
const TASKS = 8;
/** Counters have a fixed width and are written by one system call, so that a killed process leaves no half of one. */
const WIDTH = 12;

const adapter = new SqliteLockAdapter({ url: `sqlite:${join(folder, "locks.db")}` });
const namespace = new Namespace(["contention"]);
const provider = new LockProvider({ adapter, namespace, defaultTtl: TimeSpan.fromMilliseconds(Number(ttl)) });
const log = openSync(logFile, "a");
const counters = new Map(keys.map((key) => [key, openSync(join(folder, `${key}.count`), "r+")]));
let sections = 0;
/** The key whose next section is to last until this process is killed. */
let keyToHold = "";
let isToStop = false;

await adapter.init();
process.on("message", (order) => {
  if (order === "stop") {
    isToStop = true;
  } else {
    keyToHold = String(order);
  }
});
// Also if the test is gone.
process.on("disconnect", () => {
  isToStop = true;
});
process.send?.("ready");
await Promise.all(Array.from({ length: TASKS }, (_, task) => contend(task)));
process.channel?.unref();

/** @param {number} task */
async function contend(task) {
  const key = keys[task % keys.length] ?? "";
  // At least once, however late this task comes to run.
  do {
    const lock = provider.create(key);
    const asked = now();
    await lock.acquireBlockingOrFail({
      time: TimeSpan.fromMinutes(1),
      interval: TimeSpan.fromMilliseconds(20),
    });
    const section = ++sections;
    const looked = now();
    const remaining = await remainingTime(lock);
    const entered = now();
    const leaseEndsAfter = looked + remaining;
    const leaseEndsBefore = entered + remaining;
    if (leaseEndsAfter <= entered) {
      note({ event: "late", section, key, task, asked, leaseEndsBefore });
      await lock.release();
      continue;
    }
    const value = read(key);
    note({ event: "entered", section, key, task, asked, entered, leaseEndsAfter, leaseEndsBefore, value });
    if (key === keyToHold) {
      keyToHold = "";
      process.send?.(key);
      await new Promise(() => undefined);
    }
    await pause();
    write(key, value + 1);
    note({ event: "left", section, at: now() });
    note({ event: "released", section, was: await lock.release(), at: now() });
    // Nobody stands in line: whoever asks again at once is the first to, and the others starve.
    await pause();
  } while (!isToStop);
}

function pause() {
  return setTimeout(1 + Math.random() * 4);
}

/**
 * What was left of a lease, by the database, when it looked, less the time until the answer was read; nothing if it is
 * over.
 *
 * @param {import("holdfast").Lock} lock
 */
async function remainingTime(lock) {
  const state = await adapter.getState(namespace.create(lock.key).namespaced);
  return state?.owner === lock.id && state.expiration !== null ? state.expiration.getTime() - Date.now() : 0;
}

/** Milliseconds since the epoch of the run, on the clock that all processes of a host share. */
function now() {
  return Number(process.hrtime.bigint() - BigInt(epoch)) / 1e6;
}

/** @param {string} key */
function read(key) {
  const digits = Buffer.alloc(WIDTH);
  readSync(counters.get(key) ?? -1, digits, 0, WIDTH, 0);
  return Number(digits);
}

/**
 * @param {string} key
 * @param {number} value
 */
function write(key, value) {
  writeSync(counters.get(key) ?? -1, String(value).padStart(WIDTH, "0"), 0);
}

/**
 * Synchronously, so that what was noted is in the file if this process is killed in the next instant.
 *
 * @param {object} record
 */
function note(record) {
  writeSync(log, `${JSON.stringify(record)}\n`);
}
