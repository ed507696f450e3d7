// Times subjects on one workload.

import { setTimeout } from "node:timers/promises";

/** Long enough for a checkpoint of a SQLite file to fall into every slice. */
const sliceMs = 100;
const settleMs = 2;

/**
 * How long a cycle took, in microseconds.
 *
 * @typedef {object} Timing
 * @property {import("./subjects.mjs").Subject} subject
 * @property {number} median of all slices: what one can expect on this machine as it is
 * @property {number} least the slice that was disturbed the least
 */

/**
 * The subjects take turns, a short slice each, round after round: what else the machine does, it does to all alike.
 *
 * @param {import("./subjects.mjs").Subject[]} subjects
 * @param {import("./plan.mjs").Workload} workload
 * @param {{ folder: string, rounds: number, url?: string }} settings the folder is for the files of the subjects,
 *   the URL that of their server
 * @returns {Promise<Timing[]>}
 */
export async function measure(subjects, { inFlight, isRenewed = false }, { folder, rounds, url }) {
  const keys = Array.from({ length: inFlight }, (_, number) => `key-${number}`);
  const runners = subjects.map((subject) => new Runner(subject, keys, { folder, url }, isRenewed));
  try {
    for (const runner of runners) {
      await runner.warmUp();
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const turn of runners.keys()) {
        // What one has left to the garbage collector, or to a thread of its own, must not meet the same one each time.
        const runner = runners[(round + turn) % runners.length];
        if (runner.isDue(round)) {
          await runner.runSlice();
          await setTimeout(settleMs);
        }
      }
    }
    return runners.map((runner) => runner.timing());
  } finally {
    await Promise.all(runners.map((runner) => runner.close()));
  }
}

/** One subject, with the times of its slices. */
class Runner {
  #subject;
  #opened;
  #run;
  #keys;
  /** For each key and slice. */
  #count = 1;
  /** @type {number[]} */
  #times = [];

  constructor(subject, keys, { folder, url }, isRenewed) {
    this.#subject = subject;
    this.#keys = keys;
    this.#opened = subject.open(keys, folder, url);
    this.#run = isRenewed ? this.#opened.renewedCycles : this.#opened.cycles;
  }

  /** Lets the code become fast, and finds out how many cycles make a slice. What is rarely due is taken as it comes. */
  async warmUp() {
    if (this.#subject.every !== undefined) {
      return;
    }
    for (let warmedMs = 0; warmedMs < 5 * sliceMs; ) {
      const took = await this.#takeTime();
      warmedMs += took;
      this.#count = Math.max(1, Math.round((this.#count * sliceMs) / Math.max(took, sliceMs / 10)));
    }
  }

  isDue(round) {
    return round % (this.#subject.every ?? 1) === 0;
  }

  async runSlice() {
    if (this.#opened.slice !== undefined) {
      this.#times.push(await this.#opened.slice());
      return;
    }
    const took = await this.#takeTime();
    this.#times.push((took * 1_000) / (this.#count * this.#keys.length));
  }

  /** In milliseconds. */
  async #takeTime() {
    const begun = performance.now();
    await Promise.all(this.#keys.map((key) => this.#run(key, this.#count)));
    return performance.now() - begun;
  }

  /** @returns {Timing} */
  timing() {
    const sorted = this.#times.toSorted((left, right) => left - right);
    return { subject: this.#subject, median: sorted[sorted.length >> 1], least: sorted[0] };
  }

  async close() {
    await this.#opened.close();
  }
}
