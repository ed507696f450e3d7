// Six processes contend for four locks in one SQLite file. Three seconds in, one of them is killed while it holds a
// lock; the lock passes on when its time to live has run out. At the end: who held what when, and whether it was right.

import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Record } from "./record.mjs";
import { drawTimeline } from "./timeline.mjs";

const keys = ["orders", "invoices", "payments", "reports"];
const names = ["A", "B", "C", "D", "E", "F"];
const ttlMs = 4_000;
const killAfterMs = 3_000;
const patienceMs = 20_000;
const afterglowMs = 1_000;
const stopPatienceMs = 20_000;
const maxKills = 3;
// A worker learns of its grant a little after the database gave it, on a busy machine more than a little, so what is left
// of the time to live is less.
const expiryToleranceMs = 1_500;

const folder = mkdtempSync(join(tmpdir(), "holdfast-contention-"));
const record = new Record();
/** @type {Map<string, import("node:child_process").ChildProcess>} */
const workers = new Map();
/** @type {import("./record.mjs").Kill | undefined} */
let kill;
/** @type {string[]} */
const failed = [];

try {
  process.exitCode = (await contend()) ? 0 : 1;
} finally {
  for (const worker of workers.values()) {
    worker.kill("SIGKILL");
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function contend() {
  say(
    `${names.length} processes, ${keys.length} locks, one SQLite file; a lock lives ${ttlMs / 1_000} s unless released`,
  );
  for (const key of keys) {
    writeFileSync(join(folder, `${key}.count`), "0");
  }
  for (const name of names) {
    start(name);
  }
  await until(() => record.sections.length > 0, patienceMs);
  await setTimeout(killAfterMs - record.sinceStart());
  await killOneHolder();
  await until(() => kill === undefined || record.successor(kill) !== undefined, patienceMs);
  await setTimeout(afterglowMs);
  await stopAll();
  return judge();
}

/** @param {string} name */
function start(name) {
  const worker = fork(fileURLToPath(new URL("worker.mjs", import.meta.url)), [folder, name, String(ttlMs), ...keys]);
  workers.set(name, worker);
  worker.on("message", (report) => {
    record.add(name, /** @type {{ event: string, key: string, at: string }} */ (report));
  });
  worker.once("close", (code) => {
    workers.delete(name);
    if (code) {
      failed.push(name);
    }
  });
}

/** Kills a process in the middle of a section. One that had left it by then does not count; the next one does. */
async function killOneHolder() {
  for (let attempt = 0; attempt < maxKills && kill === undefined; attempt += 1) {
    const section = await nextToBegin();
    if (section === undefined) {
      return;
    }
    const name = section.worker;
    const worker = workers.get(name);
    const gone = new Promise((resolve) => worker?.once("close", resolve));
    worker?.kill("SIGKILL");
    const at = record.sinceStart();
    // What it still managed to say has been heard when its channel is closed.
    await gone;
    if (record.current(name) === section) {
      record.close(name, at);
      kill = { section: { ...section, leave: at }, at, ttlLeft: section.enter + ttlMs - at };
      say(`${(at / 1_000).toFixed(1)} s: killed ${name} in the middle of its work on "${section.key}"`);
    }
  }
}

/** @returns {Promise<import("./record.mjs").Section | undefined>} undefined when nobody gets anywhere */
async function nextToBegin() {
  /** @type {import("./record.mjs").Section | undefined} */
  let next;
  record.onEnter = (section) => {
    next = section;
  };
  // One that is over already was heard of too late.
  const isIn = () => next !== undefined && record.current(next.worker) === next;
  await until(isIn, patienceMs);
  record.onEnter = undefined;
  return isIn() ? next : undefined;
}

async function stopAll() {
  for (const worker of workers.values()) {
    // One that is gone by now is none to wait for.
    worker.send("stop", () => undefined);
  }
  await until(() => workers.size === 0, stopPatienceMs);
}

function judge() {
  const overlaps = record.overlaps();
  const completed = record.sections.length - (kill === undefined ? 0 : 1);
  const counted = keys.reduce((sum, key) => sum + Number(readFileSync(join(folder, `${key}.count`), "utf8")), 0);
  const lost = Math.max(0, completed - counted);

  say(`\n${drawTimeline(keys, names, record.sections, kill)}\n`);
  say("letters: the process that held the lock; X: killed; -: its lock waiting to run out\n");
  say(`sections run: ${completed}`);
  say(`overlaps: ${overlaps}`);
  say(`updates lost: ${lost}`);
  const handedOver = judgeHandover();
  for (const name of workers.keys()) {
    say(`${name} did not stop when told to`);
  }
  for (const name of failed) {
    say(`${name} failed`);
  }
  return completed > 0 && overlaps === 0 && lost === 0 && handedOver && workers.size === 0 && failed.length === 0;
}

function judgeHandover() {
  const successor = kill && record.successor(kill);
  if (kill === undefined || successor === undefined) {
    say("handed over after the kill: no");
    return false;
  }
  const took = Math.round(successor.enter - kill.at);
  const ttlLeft = Math.round(kill.ttlLeft);
  say(
    `handed over after the kill in ${took} ms, from ${kill.section.worker} to ${successor.worker} ` +
      `(${ttlLeft} ms of it the time to live the dead lock had left)`,
  );
  return took >= ttlLeft - expiryToleranceMs;
}

/**
 * @param {() => boolean} condition
 * @param {number} limitMs
 */
async function until(condition, limitMs) {
  const deadline = Date.now() + limitMs;
  while (!condition() && Date.now() < deadline) {
    await setTimeout(5);
  }
}

/** @param {string} text */
function say(text) {
  console.log(text);
}
