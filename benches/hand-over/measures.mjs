// What is measured of a place, as plain figures. Times are in milliseconds.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { median, quantile } from "../quantile.mjs";
import { Process } from "../scenarios/process.mjs";

const script = new URL("visitor.mjs", import.meta.url);
const visits = 100;
const rounds = 5;
/** Of those who ask again and again, a round takes seconds. */
const roundsOfRivals = 2;
const kills = 3;
const ttlMs = 2_000;
const standing = 1_000;

/** @typedef {import("./places.mjs").Place} Place */

/**
 * A hundred wait, as many in each of some processes, and a holder releases.
 *
 * @param {Place} place
 * @param {number} processes
 */
export async function measureGaps(place, processes) {
  const key = randomUUID();
  return withVisitors(place, processes, async (visitors) => {
    const [holder] = visitors;
    const gaps = [];
    const took = [];
    const ratios = [];
    for (let round = 0; round < (place.rival === undefined ? rounds : roundsOfRivals); round += 1) {
      await holder.ask("hold", key);
      await Promise.all(visitors.map((visitor) => visitor.ask("visit", key, visits / processes)));
      await sleep(100 + 50 * processes);
      const { released, sections } = await handOver(holder, visitors);
      const waits = sections.map(([entered]) => entered - released);
      gaps.push(...waits.map((wait, index) => (index === 0 ? wait : sections[index][0] - sections[index - 1][1])));
      took.push(sections.at(-1)[1] - released);
      ratios.push((Math.max(...waits) * waits.length) / waits.reduce((sum, wait) => sum + wait));
    }
    return {
      perSecond: (1_000 * visits) / median(took),
      gap: median(gaps),
      gap99: quantile(gaps, 0.99),
      longest: median(ratios),
      commit: await place.measureCommit?.(),
    };
  });
}

/** When it was released, and the sections that followed, one after the other. */
async function handOver(holder, visitors) {
  holder.tell("release");
  const answers = [];
  // The holder, who visits too, answers twice: its sections may be over before its release is answered.
  for (const visitor of [holder, ...visitors]) {
    answers.push(await visitor.hear());
  }
  return {
    released: answers.find(({ released }) => released !== undefined).released,
    sections: answers.flatMap(({ sections = [] }) => sections).toSorted(([one], [other]) => one - other),
  };
}

/**
 * A thousand wait in one process, and nothing happens.
 *
 * @param {Place} place
 * @param {number} seconds
 */
export async function measureThousand(place, seconds) {
  const key = randomUUID();
  return withVisitors(place, 1, async ([visitor]) => {
    await visitor.ask("hold", key);
    const { memory } = await visitor.ask("stand", key, standing);
    const before = await place.countCommands?.();
    const { cpu } = await visitor.ask("watch", seconds);
    const commands = before === undefined ? undefined : ((await place.countCommands()) - before) / seconds;
    return { commands, cpu: 100 * cpu, memory: memory / 1024 / standing };
  });
}

/**
 * One waits for what a process holds that is killed.
 *
 * @param {Place} place
 */
export async function measureKill(place) {
  const late = [];
  for (let round = 0; round < kills; round += 1) {
    const key = randomUUID();
    late.push(
      await withVisitors(place, 2, async ([holder, waiter]) => {
        const { granted } = await holder.ask("hold", key, ttlMs);
        waiter.tell("hold", key);
        await sleep(200 + 100 * round);
        holder.kill();
        return (await waiter.hear()).granted - granted - ttlMs;
      }),
    );
  }
  return { late: median(late), latest: Math.max(...late) };
}

async function withVisitors({ rival, adapter, settings }, count, work) {
  const visitors = Array.from({ length: count }, () => new Process({ rival, adapter, settings }, script));
  try {
    await Promise.all(visitors.map((visitor) => visitor.hear()));
    return await work(visitors);
  } finally {
    for (const visitor of visitors) {
      visitor.kill();
    }
  }
}
