// What is measured besides cycles: how locks behave when they are waited for, lost and held in numbers.

import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { now } from "../clock.mjs";
import { countCommandsOfRedis } from "../hand-over/places.mjs";
import { median } from "../quantile.mjs";
import { Process } from "./process.mjs";
import { connect, rivals } from "./rivals.mjs";

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} title
 * @property {string} backend
 * @property {string} [note]
 * @property {Record<string, { name: string }>} contestants ours is "holdfast"
 * @property {ScenarioFigure[]} figures
 * @property {(contestant: string, url: string) => Promise<Record<string, number | undefined> | undefined>} measure
 *   undefined: the contestant cannot do it
 *
 * @typedef {object} ScenarioFigure
 * @property {string} name
 * @property {string} title with its unit
 * @property {boolean} [isLessBetter]
 * @property {{ atLeast?: number, atMost?: number, because: string }} [asked] of ours, and where the limit comes from
 */

const seconds = 3;
/** Some of those renew a lock but each 8 s or 9.5 s. */
const keptSeconds = 20;
const megabyte = 2 ** 20;
const longTtlMs = 60_000;

const handOverNote =
  "All want the key again as soon as they have released it. A grant to whoever had it last is none: it was not handed over.";

const onRedis = { backend: "redis", contestants: rivals };

const handOverFigures = [
  { name: "perSecond", title: "hand-overs a second" },
  { name: "longestWait", title: "the longest wait of one (ms)", isLessBetter: true },
];

/** @type {Scenario[]} */
export const scenarios = [
  {
    ...onRedis,
    name: "hand-over-1",
    title: "One key, eight waiters in one process",
    note: handOverNote,
    figures: handOverFigures,
    measure: (rival, url) => handOver(rival, url, 1, 8),
  },
  {
    ...onRedis,
    name: "hand-over-4",
    title: "One key, four processes with two waiters each",
    note: handOverNote,
    figures: handOverFigures,
    measure: (rival, url) => handOver(rival, url, 4, 2),
  },
  {
    ...onRedis,
    name: "idle-waiters",
    title: "A hundred who wait for a key that is held",
    note: "Commands that scripts call are counted too.",
    figures: [{ name: "commands", title: "commands a second at the server", isLessBetter: true }],
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
      return { commands: commands / seconds };
    },
  },
  {
    ...onRedis,
    name: "recovery",
    title: "The holder is killed, another waits",
    note: "Negative would be too early. The median of three.",
    figures: [{ name: "delay", title: "ms from the end of the lease to the grant", isLessBetter: true }],
    async measure(rival, url) {
      const delays = [];
      for (let round = 0; round < 3; round += 1) {
        delays.push(await recover(rival, url));
      }
      return { delay: median(delays) };
    },
  },
  {
    ...onRedis,
    name: "blocked-loop",
    title: "The event loop is blocked for three times the ttl of a lock that is renewed",
    figures: [{ name: "isHeld", title: "1: it stays held, 0: it is lost" }],
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
      return { isHeld };
    },
  },
  {
    ...onRedis,
    name: "held",
    title: "10,000 locks that are kept alive with a ttl of 10 s",
    note: "Commands that scripts call are not counted.",
    figures: [
      { name: "cpu", title: "% of a core", isLessBetter: true },
      { name: "commands", title: "commands a second at the server", isLessBetter: true },
      { name: "memory", title: "memory (MB)", isLessBetter: true },
    ],
    measure: keepMany,
  },
  {
    ...onRedis,
    name: "start-up",
    title: "A process that starts, with Node's own start",
    note: "The median of five.",
    figures: [
      { name: "took", title: "ms until it is through with its first lock", isLessBetter: true },
      { name: "memory", title: "memory with its first lock (MB)", isLessBetter: true },
    ],
    measure: start,
  },
];

async function handOver(rival, url, processes, tasks) {
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
  const recovered = now();
  await held.release();
  await locks.close();
  // The lease began between these.
  return recovered - ttlMs - (asked + granted) / 2;
}

async function keepMany(rival, url) {
  const locks = await rivals[rival].open(url, longTtlMs);
  await locks.close();
  if (locks.keep === undefined) {
    return undefined;
  }
  const settings = { ttlMs: 10_000, seconds: keptSeconds, count: 10_000, key: randomUUID() };
  const many = new Process({ work: "keepMany", rival, url, ...settings });
  await many.hear();
  const client = await connect(url);
  const before = await countCommandsOfRedis(client);
  const { cpu, memory } = await many.result();
  const commands = ((await countCommandsOfRedis(client)) - before) / keptSeconds;
  client.disconnect();
  many.kill();
  return { cpu: cpu * 100, commands, memory: memory / megabyte };
}

async function start(rival, url) {
  const starts = [];
  for (let round = 0; round < 5; round += 1) {
    const begun = performance.now();
    const { memory } = await new Process({ work: "start", rival, url, ttlMs: longTtlMs, key: randomUUID() }).result();
    starts.push({ took: performance.now() - begun, memory });
  }
  return {
    took: median(starts.map(({ took }) => took)),
    memory: median(starts.map(({ memory }) => memory)) / megabyte,
  };
}

async function commandsOf(url) {
  const client = await connect(url);
  const [, commands] = /total_commands_processed:(\d+)/.exec(await client.info("stats"));
  client.disconnect();
  return Number(commands);
}
