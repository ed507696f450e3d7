// What is measured besides cycles: how locks behave when they are waited for, lost and held in numbers.

import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { Process } from "./process.mjs";
import { rivals } from "./rivals.mjs";

/**
 * @typedef {object} Scenario
 * @property {string} name of the picture
 * @property {string} title
 * @property {string} unit
 * @property {string} [note]
 * @property {boolean} [isLessBetter]
 * @property {(rival: string, url: string) => Promise<number | undefined>} measure undefined: the rival cannot do it
 */

const seconds = 3;
const longTtlMs = 60_000;

const handOverNote =
  "All want the key again as soon as they have released it. A grant to whoever had it last is none: it was not handed over.";

/** @type {Scenario[]} */
export const scenarios = [
  {
    name: "hand-over-1",
    title: "One key, eight waiters in one process",
    unit: "hand-overs a second",
    note: handOverNote,
    measure: async (rival, url) => (await handOver(rival, url, 1, 8)).perSecond,
  },
  {
    name: "longest-wait-1",
    title: "The same: the longest that one of the eight had to wait",
    unit: "ms",
    isLessBetter: true,
    measure: async (rival, url) => (await handOver(rival, url, 1, 8)).longestWait,
  },
  {
    name: "hand-over-4",
    title: "One key, four processes with two waiters each",
    unit: "hand-overs a second",
    note: handOverNote,
    measure: async (rival, url) => (await handOver(rival, url, 4, 2)).perSecond,
  },
  {
    name: "longest-wait-4",
    title: "The same: the longest that one of them had to wait",
    unit: "ms",
    isLessBetter: true,
    measure: async (rival, url) => (await handOver(rival, url, 4, 2)).longestWait,
  },
  {
    name: "idle-waiters",
    title: "A hundred who wait for a key that is held",
    unit: "commands a second at the server",
    isLessBetter: true,
    async measure(rival, url) {
      const key = randomUUID();
      const locks = await rivals[rival].open(url, longTtlMs);
      const held = await locks.acquire(key, longTtlMs);
      const waiting = new Process({ work: "wait", rival, url, ttlMs: longTtlMs, tasks: 100, seconds, key });
      await waiting.hear();
      const before = await commandsOf(url);
      await setTimeout(seconds * 1_000);
      const commands = (await commandsOf(url)) - before;
      waiting.kill();
      await held.release();
      await locks.close();
      return commands / seconds;
    },
  },
  {
    name: "recovery",
    title: "The holder is killed, another waits",
    unit: "ms from the end of the lease to the grant",
    isLessBetter: true,
    note: "Negative would be too early. The median of three.",
    async measure(rival, url) {
      const delays = [];
      for (let round = 0; round < 3; round += 1) {
        delays.push(await recover(rival, url));
      }
      return delays.sort((one, other) => one - other)[1];
    },
  },
  {
    name: "blocked-loop",
    title: "The event loop is blocked for three times the ttl of a lock that is renewed",
    unit: "1: it stays held, 0: it is lost",
    async measure(rival, url) {
      const ttlMs = 1_000;
      const key = randomUUID();
      const locks = await rivals[rival].open(url, ttlMs);
      if (locks.keep === undefined) {
        await locks.close();
        return undefined;
      }
      const blocked = new Process({ work: "block", rival, url, ttlMs, seconds: 3, key });
      await blocked.hear();
      const other = locks.acquire(key, longTtlMs).then(() => 0);
      other.catch(() => undefined);
      const isHeld = await Promise.race([other, setTimeout(2_500, 1)]);
      blocked.kill();
      await other;
      await locks.close();
      return isHeld;
    },
  },
  {
    name: "held-cpu",
    title: "10,000 locks that are kept alive with a ttl of 10 s",
    unit: "% of a core",
    isLessBetter: true,
    measure: async (rival, url) => percent((await keepMany(rival, url))?.cpu),
  },
  {
    name: "held-memory",
    title: "The same, memory",
    unit: "MB",
    isLessBetter: true,
    measure: async (rival, url) => megabytes((await keepMany(rival, url))?.memory),
  },
  {
    name: "start-up",
    title: "From the start of a process to its first lock, with Node's own start",
    unit: "ms",
    isLessBetter: true,
    note: "The median of five.",
    measure: async (rival, url) => median((await start(rival, url)).map(({ took }) => took)),
  },
  {
    name: "start-up-memory",
    title: "Memory of a process with its first lock",
    unit: "MB",
    isLessBetter: true,
    measure: async (rival, url) => megabytes(median((await start(rival, url)).map(({ memory }) => memory))),
  },
];

const handedOver = new Map();

/** Once for all figures that come of it. */
function handOver(rival, url, processes, tasks) {
  const name = `${rival}, ${processes} × ${tasks}`;
  if (!handedOver.has(name)) {
    handedOver.set(name, measureHandOver(rival, url, processes, tasks));
  }
  return handedOver.get(name);
}

async function measureHandOver(rival, url, processes, tasks) {
  const key = randomUUID();
  const contenders = Array.from(
    { length: processes },
    () => new Process({ work: "handOver", rival, url, ttlMs: longTtlMs, tasks, seconds, key }),
  );
  const results = await Promise.all(contenders.map((contender) => contender.result()));
  const grants = results.flatMap(({ grants: ofProcess }) => ofProcess);
  const all = grants
    .flatMap((times, holder) => times.map((time) => ({ time, holder })))
    .sort((one, other) => one.time - other.time);
  const handOvers = all.filter(({ holder }, place) => place > 0 && holder !== all[place - 1].holder);
  const waits = grants.flatMap((times) => {
    const ends = [all[0].time, ...times, all.at(-1).time];
    return ends.slice(1).map((end, place) => end - ends[place]);
  });
  return { perSecond: handOvers.length / seconds, longestWait: waits.reduce((most, wait) => Math.max(most, wait), 0) };
}

async function recover(rival, url) {
  const ttlMs = 1_000;
  const key = randomUUID();
  const locks = await rivals[rival].open(url, ttlMs);
  const holder = new Process({ work: "hold", rival, url, ttlMs, key });
  const { asked, granted } = await holder.hear();
  const waiting = locks.acquire(key, longTtlMs);
  holder.kill();
  const held = await waiting;
  const recovered = Number(process.hrtime.bigint()) / 1e6;
  await held.release();
  await locks.close();
  // The lease began between these.
  return recovered - ttlMs - (asked + granted) / 2;
}

const kept = new Map();

/** Once for all figures that come of it. */
function keepMany(rival, url) {
  if (!kept.has(rival)) {
    kept.set(rival, measureMany(rival, url));
  }
  return kept.get(rival);
}

async function measureMany(rival, url) {
  const locks = await rivals[rival].open(url, longTtlMs);
  await locks.close();
  if (locks.keep === undefined) {
    return undefined;
  }
  const settings = { ttlMs: 10_000, seconds: 20, count: 10_000, key: randomUUID() };
  const many = new Process({ work: "keepMany", rival, url, ...settings });
  const result = await many.result();
  many.kill();
  return result;
}

const started = new Map();

function start(rival, url) {
  if (!started.has(rival)) {
    started.set(rival, startSeveral(rival, url));
  }
  return started.get(rival);
}

async function startSeveral(rival, url) {
  const starts = [];
  for (let round = 0; round < 5; round += 1) {
    const begun = performance.now();
    const { memory } = await new Process({ work: "start", rival, url, ttlMs: longTtlMs, key: randomUUID() }).result();
    starts.push({ took: performance.now() - begun, memory });
  }
  return starts;
}

async function commandsOf(url) {
  const { Redis } = await import("ioredis");
  const client = new Redis(url);
  const [, commands] = /total_commands_processed:(\d+)/.exec(await client.info("stats"));
  client.disconnect();
  return Number(commands);
}

function median(values) {
  return values.toSorted((one, other) => one - other)[values.length >> 1];
}

function megabytes(bytes) {
  return bytes === undefined ? undefined : bytes / 2 ** 20;
}

function percent(share) {
  return share === undefined ? undefined : share * 100;
}
