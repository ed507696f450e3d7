// One of those that want the same few locks: a process, or a thread where the locks are those of one process. Its tasks
// are in one section after another; each reads a counter that nothing but the lock protects, pauses, and writes it back
// plus one. All that it asks of a lock, and what it was answered when, goes into its log.

import { openSync, writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { TimeSpan } from "holdfast";
import { makeLocks } from "./locks.mjs";
import { Random } from "./random.mjs";
import { noticeStalls } from "./stalls.mjs";

/** @type {import("./crew.mjs").WorkerSettings} */
const settings = workerData ?? JSON.parse(process.argv[2] ?? "");
const { index, keys, tasks, ttl, patience, waits, rests, manners, epoch, seed, logFile } = settings;
const port = parentPort ?? process;
const random = new Random(seed);
const log = openSync(logFile, "a");
const locks = await makeLocks(settings);

/** How long one that has told where it is stays there. */
const stayMs = 1_000;
/** For how long what it knows of a lock that is kept may be relied on. */
const knowledgeMs = 50;
/** How long it sleeps between two looks, and how much longer that takes at most while it runs. */
const napMs = 50;
const latenessMs = 250;
const watchEveryMs = 500;
let count = 0;
let isToStop = false;
const stopping = new AbortController();
/** The moment of which the harness wants to know. */
let momentToTell;
/** Calls under way, with how long each may take. */
const calls = new Map();
/** What the store will be asked and has not answered. */
const questions = new Map();
let ear = 0;

const orders = {
  stop() {
    isToStop = true;
    stopping.abort();
  },
  tell({ moment }) {
    momentToTell = moment;
  },
  block({ milliseconds }) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
    send({ told: "unblocked" });
  },
  async force({ key }) {
    const lock = locks.create(key);
    await call(lock, "forceRelease", patience, () => lock.forceRelease()).catch(() => undefined);
    send({ told: "forced" });
  },
  stored({ number, answer }) {
    questions.get(number)?.(answer);
    questions.delete(number);
  },
};

port.on("message", (message) => orders[message.order]?.(message));
// The harness is gone.
const leave = () => process.exit(1);
process.once("disconnect", leave);
const watch = setInterval(reportHangs, watchEveryMs);
noticeStalls(now, (stall) => note({ event: "stall", ...stall }));
send({ told: "ready" });
await Promise.all(Array.from({ length: tasks }, work));
clearInterval(watch);
note({ event: "end", at: now() });
if (parentPort === null) {
  // Whatever keeps this process from ending now is the lock's.
  process.removeListener("disconnect", leave);
  process.disconnect();
} else {
  parentPort.close();
}

async function work() {
  do {
    const isKept = random.chance(settings.keeping);
    const lock = locks.create(random.pick(keys), isKept ? { keepAlive: true } : undefined);
    try {
      const validUntil = await (random.chance(settings.waiting) ? waitFor(lock) : tryFor(lock));
      if (validUntil !== undefined) {
        await (isKept ? stayKept(lock) : stay(lock, validUntil));
      }
    } catch {
      // Noted where it was caught first. A client that gets errors does not ask again at once.
      await setTimeout(random.between(50, 200));
    }
    await setTimeout(random.between(...rests), undefined, { signal: stopping.signal }).catch(() => undefined);
  } while (!isToStop);
}

/** Tries again and again, and so knows when it sent the request that was granted: the lease cannot end before then plus ttl. */
async function tryFor(lock) {
  for (const end = now() + 3 * ttl; now() < end && !isToStop; ) {
    const sent = now();
    if (await call(lock, "acquire", patience, () => lock.acquire())) {
      granted(lock, sent);
      return sent + ttl;
    }
    await setTimeout(random.between(10, 60));
  }
  return undefined;
}

/** Waits in the library, which does not say which request was granted; a refresh does. */
async function waitFor(lock) {
  const time = random.between(...waits);
  const interval = random.pick(settings.intervals);
  const waiting = call(lock, "wait", time + patience, () =>
    lock.acquireBlocking({ time: TimeSpan.fromMilliseconds(time), interval: TimeSpan.fromMilliseconds(interval) }),
  );
  if (momentToTell === "waiting") {
    momentToTell = undefined;
    send({ told: "waiting" });
  }
  if (!(await waiting)) {
    return undefined;
  }
  granted(lock, undefined);
  return refresh(lock);
}

/** Until when the lease lasts at least; undefined if it is lost. */
async function refresh(lock) {
  const sent = now();
  const isRefreshed = await call(lock, "refresh", patience, () => lock.refresh(TimeSpan.fromMilliseconds(ttl)));
  return isRefreshed ? sent + ttl : undefined;
}

/** Relies on the library to renew the lease, and to tell when it is lost. */
async function stayKept(lock) {
  const { key, fence, signal } = lock;
  const found = await enter(lock);
  // One that was stopped itself hears of the loss a moment after it runs again: that is late, as without a signal.
  let wasStopped = false;
  for (const end = now() + random.between(0, 2.5 * ttl); now() < end && !isToStop && !signal.aborted; ) {
    const slept = now();
    await setTimeout(napMs);
    wasStopped = now() - slept > napMs + latenessMs;
  }
  const validUntil = signal.aborted || wasStopped ? 0 : now() + knowledgeMs;
  await ask({ verb: "write", key, fence, found, validUntil });
  await call(lock, "release", patience, () => lock.release());
}

async function enter(lock) {
  const { key, fence } = lock;
  const found = await ask({ verb: "read", key, fence });
  if (momentToTell === "holding") {
    momentToTell = undefined;
    send({ told: "holding", key });
    await setTimeout(stayMs);
  }
  return found;
}

async function stay(lock, grantedUntil) {
  let validUntil = grantedUntil;
  const { key, fence } = lock;
  const found = await enter(lock);
  const manner = mannerOfStay();
  if (manner === "refreshing") {
    for (const end = now() + random.between(ttl, 2 * ttl); now() < end && !isToStop; ) {
      await setTimeout(ttl / 3);
      const prolonged = await refresh(lock);
      if (prolonged === undefined) {
        break;
      }
      validUntil = prolonged;
    }
  } else if (manner === "late" || manner === "refreshing late") {
    await setTimeout(1.3 * ttl);
  } else {
    await setTimeout(random.between(1, 15));
  }
  if (manner === "refreshing late") {
    validUntil = (await refresh(lock)) ?? validUntil;
  }
  await ask({ verb: "write", key, fence, found, validUntil });
  if (manner !== "never leaving") {
    await call(lock, "release", patience, () => lock.release());
  }
}

/** Drawn by the weights of the settings. */
function mannerOfStay() {
  let left = random.next() * Object.values(manners).reduce((sum, weight) => sum + weight, 0);
  for (const [manner, weight] of Object.entries(manners)) {
    left -= weight;
    if (left < 0) {
      return manner;
    }
  }
  return "brief";
}

function granted(lock, sent) {
  const { id, key, signal } = lock;
  signal?.addEventListener("abort", () => {
    note({ event: "told of loss", id, key, at: now(), loss: signal.reason?.reason });
  });
  note({ event: "granted", id: lock.id, key: lock.key, fence: String(lock.fence), sent, at: now() });
}

/** Calls the lock, bounded, and notes what came of it. */
async function call(lock, verb, bound, work) {
  const number = ++count;
  const about = { id: lock.id, key: lock.key, verb, sent: now() };
  calls.set(number, { ...about, bound });
  if (verb === "wait" || verb === "release") {
    // Whoever is killed now has asked for it all the same.
    note({ event: "asks", ...about });
  }
  try {
    const answer = await work();
    note({ event: "answer", ...about, at: now(), answer });
    return answer;
  } catch (error) {
    note({ event: "error", ...about, at: now(), name: error?.name, code: error?.code, message: error?.message });
    throw error;
  } finally {
    calls.delete(number);
  }
}

/** By this process's own experience of time: what it was stopped or blocked for does not count. */
function reportHangs() {
  for (const pending of calls.values()) {
    pending.bound -= watchEveryMs;
    if (pending.bound < 0 && !pending.isReported) {
      pending.isReported = true;
      note({ event: "hang", ...pending, at: now() });
    }
  }
}

/** Asks the store, which lies outside of every lock. */
function ask(question) {
  const number = ++ear;
  send({ number, ...question, fence: String(question.fence) });
  return new Promise((resolve) => questions.set(number, resolve));
}

function send(message) {
  if (parentPort !== null) {
    parentPort.postMessage(message);
  } else if (process.connected) {
    process.send(message, () => undefined);
  }
}

/** Milliseconds since the epoch of the run, on the monotonic clock that all processes of a host share. */
function now() {
  return Number(process.hrtime.bigint() - BigInt(epoch)) / 1e6;
}

/** Synchronously, so that it is in the file if this process is killed in the next instant. */
function note(record) {
  writeSync(log, `${JSON.stringify({ worker: index, ...record })}\n`);
}
