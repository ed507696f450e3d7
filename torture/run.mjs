// One adapter, tortured for a while: a crew of workers, a schedule of faults, and the examination of what came of it.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { root, throwIfInterrupted } from "../scripts/step.mjs";
import { adapters } from "./adapters.mjs";
import { check, isByBreak, unexplained } from "./checks.mjs";
import { Clock, compileClock } from "./clock.mjs";
import { Worker } from "./crew.mjs";
import { faults } from "./faults.mjs";
import { readHistory } from "./history.mjs";
import { TcpProxy } from "./proxy.mjs";
import { Random } from "./random.mjs";
import { isClean } from "./report.mjs";
import { provideServer } from "./server.mjs";
import { mountSmallDisk } from "./small-disk.mjs";
import { episodeOf, noticeStalls } from "./stalls.mjs";
import { Store } from "./store.mjs";

const hourMs = 3_600_000;
const startMs = 60_000;

/**
 * @typedef {object} RunSettings
 * @property {string} adapter
 * @property {number} seconds
 * @property {number} seed
 * @property {string[]} [kinds] of faults; left out: all that are possible
 * @property {string} [build] the name of a build that is broken on purpose
 * @property {boolean} [isOwnServer] whether a server is started for the run; then it can be restarted
 * @property {number} [workers]
 * @property {number} [tasks] of each worker
 * @property {number} [keys]
 * @property {number} [waiting] see `WorkerSettings`, as the next four
 * @property {number} [keeping]
 * @property {[number, number]} [waits]
 * @property {[number, number]} [rests]
 * @property {Partial<Record<import("./crew.mjs").Manner, number>>} [manners]
 *
 * @typedef {object} Verdict
 * @property {string} adapter
 * @property {number} seconds
 * @property {Record<string, number>} injected how many faults of each kind
 * @property {Record<string, string>} missing why some kinds were not injected
 * @property {number} grants
 * @property {import("./checks.mjs").Finding[]} violations
 * @property {string[]} lostUpdates under the lock within its lease, or guarded by the fence
 * @property {string[]} hangs
 * @property {string[]} unexplained errors, words and ends
 * @property {string} [evidence] the folder of the logs, if something is wrong
 * @property {{ writes: number, overwritten: number, refused: number }} store
 */

export class Run {
  ttl = 1_200;
  /** Milliseconds within which every call has to be answered. */
  patience = 25_000;
  /** Milliseconds between two tries of a wait. */
  intervals = [50, 250];
  adapter;
  keys;
  /** @type {import("./adapters.mjs").Target} */
  target;
  /** @type {import("./server.mjs").Server | undefined} */
  server;
  /** @type {Worker[]} those that are there, by their places */
  workers = [];
  clocks = {};
  smallDisk = {};
  #settings;
  #random;
  #epoch = process.hrtime.bigint();
  #store = new Store(() => this.now());
  #started = 0;
  /** @type {import("./checks.mjs").Episode[]} */
  #episodes = [];
  /** @type {string[]} */
  #troubles = [];

  /** @param {RunSettings} settings */
  constructor(settings) {
    this.#settings = {
      ...{ workers: 3, tasks: 4, keys: 5, rests: [1, 30] },
      ...{ waiting: 0.5, keeping: 0.2, waits: [2 * this.ttl, 4 * this.ttl] },
      ...{ manners: { brief: 90, refreshing: 4, late: 2, "refreshing late": 2, "never leaving": 2 } },
      ...settings,
    };
    this.#random = new Random(settings.seed);
    this.adapter = adapters[settings.adapter];
    if (this.adapter.tells) {
      // Only who is told of a release is granted the key in time.
      this.intervals.push(10_000);
    }
    this.keys = Array.from({ length: this.#settings.keys }, (_, number) => `key-${number}`);
  }

  /** Milliseconds since the run began. */
  now() {
    return Number(process.hrtime.bigint() - this.#epoch) / 1e6;
  }

  /** @returns {Promise<Verdict>} */
  async execute() {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-torture-"));
    let watch;
    try {
      await this.#prepare(folder);
      await Promise.all(Array.from({ length: this.#settings.workers }, (_, place) => this.#start(place)));
      // What this process does not get to do in time, no worker does.
      watch = noticeStalls(
        () => this.now(),
        (stall) => this.#episodes.push(episodeOf(stall)),
      );
      const { injected, missing } = await this.#injectFaults();
      await this.#stop();
      const verdict = { ...this.#examine(), injected, missing };
      return isClean(verdict) ? verdict : { ...verdict, evidence: this.#keepEvidence() };
    } finally {
      clearInterval(watch);
      await Promise.all(this.workers.map((worker) => worker.kill()));
      await Promise.all(this.workers.map(({ proxy }) => proxy?.close()));
      await this.server?.stop();
      this.smallDisk.unmount?.();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /** Kills a worker and has another take its place. */
  async replace(worker) {
    const place = this.workers.indexOf(worker);
    await worker.kill();
    await worker.proxy?.close();
    await this.#start(place);
  }

  async #prepare(folder) {
    const { adapter, seed, isOwnServer = true } = this.#settings;
    for (const name of ["logs", "clocks", "files"]) {
      mkdirSync(join(folder, name));
    }
    this.target = { name: `torture-${process.pid}-${Date.now()}-${seed}`, folder: join(folder, "files") };
    this.logs = join(folder, "logs");
    this.clockFolder = join(folder, "clocks");
    this.clocks = this.adapter.isOneProcess
      ? { reason: "its workers are threads of this process" }
      : compileClock(this.clockFolder);
    if (this.adapter.clock === "host") {
      this.clocks.host = this.clocks.preload && new Clock(this.clocks.preload, join(this.clockFolder, "host"));
      this.smallDisk = mountSmallDisk(this.target.folder);
    }
    if (this.adapter.recipe !== undefined) {
      this.server = await provideServer(this.adapter.recipe, isOwnServer);
    }
    this.adapterName = adapter;
  }

  async #start(place) {
    const index = this.#started++;
    const { seed, tasks, build, waiting, keeping, waits, rests, manners } = this.#settings;
    const proxy = this.server && (await TcpProxy.before(addressOf(this.server.url)));
    const settings = {
      ...{
        index,
        tasks,
        build,
        waiting,
        keeping,
        waits,
        rests,
        manners,
        keys: this.keys,
        ttl: this.ttl,
        patience: this.patience,
        intervals: this.intervals,
      },
      adapter: this.adapterName,
      target: { ...this.target, url: proxy && through(this.server.url, proxy.port) },
      epoch: String(this.#epoch),
      seed: seed + index,
      folder: this.target.folder,
      logFile: join(this.logs, String(index)),
    };
    if (this.adapter.hasPool && index % 2 === 0) {
      settings.target.poolSize = 1;
    }
    const worker = new Worker(settings, {
      clock: this.#clockOf(index),
      proxy,
      isThread: this.adapter.isOneProcess,
      onQuestion: (question) => this.#store.answer(question),
    });
    this.workers[place] = worker;
    if ((await worker.hear("ready", startMs)) === undefined) {
      throw new Error(`worker ${index} did not start: ${worker.ending ?? "it is silent"}\n${this.#wordsOf(index)}`);
    }
  }

  /** Where the server's clock counts, every client has a clock of its own, and a wrong one. */
  #clockOf(index) {
    const { preload, host } = this.clocks;
    if (preload === undefined || host !== undefined) {
      return host;
    }
    const clock = new Clock(preload, join(this.clockFolder, String(index)));
    clock.set([0, hourMs, -hourMs][index % 3]);
    return clock;
  }

  async #injectFaults() {
    const { seconds, kinds = Object.keys(faults) } = this.#settings;
    const missing = Object.fromEntries(
      kinds.map((kind) => [kind, faults[kind].missing(this)]).filter(([, reason]) => reason !== undefined),
    );
    const left = kinds.filter((kind) => missing[kind] === undefined);
    const injected = Object.fromEntries(left.map((kind) => [kind, 0]));
    const end = this.now() + seconds * 1_000;
    let due = [];
    while (this.now() < end) {
      throwIfInterrupted();
      // Time for what is right to be seen to be right.
      await setTimeout(Math.min(this.#random.between(200, 1_500), Math.max(end - this.now(), 0)));
      if (left.length > 0 && this.now() < end) {
        due = due.length > 0 ? due : this.#random.shuffle(left);
        const kind = due.pop();
        injected[kind] += await this.#inject(kind, new Random(this.#random.whole(2 ** 32)));
      }
    }
    return { injected, missing };
  }

  async #inject(kind, random) {
    const { codes = [], isForAll = false, endsPromises = false, isDeafening = false, inject } = faults[kind];
    const worker = random.pick(this.workers);
    const episode = {
      ...{ kind, codes, endsPromises, isDeafening },
      worker: isForAll ? undefined : worker.settings.index,
      from: this.now(),
      until: Number.POSITIVE_INFINITY,
    };
    this.#episodes.push(episode);
    try {
      return (await inject(this, worker, random)) ?? 1;
    } finally {
      episode.until = this.now();
    }
  }

  /** Waits for all to come to their end, within the bounds of what they are doing. */
  async #stop() {
    for (const worker of this.workers) {
      worker.tell("stop");
    }
    const bound = setTimeout(4 * this.ttl + 2 * this.patience, "late", { ref: false });
    for (const { settings, ended } of this.workers) {
      const ending = await Promise.race([ended, bound]);
      if (ending === "late") {
        this.#troubles.push(`worker ${settings.index} did not end when all its work was done`);
      } else if (ending !== 0) {
        this.#troubles.push(`worker ${settings.index} ended with ${ending}`);
      }
    }
  }

  #examine() {
    const logs = Array.from({ length: this.#started }, (_, index) =>
      readFileSync(join(this.logs, String(index)), "utf8"),
    );
    const history = readHistory(logs, this.ttl);
    const circumstances = {
      episodes: [...this.#episodes, ...history.stalls],
      ttl: this.ttl,
      interval: this.intervals[1],
    };
    const { writes, lost, refused, unprotected, lostGuarded } = this.#store;
    return {
      adapter: this.adapterName,
      seconds: this.now() / 1_000,
      grants: history.grants.length,
      violations: check(history, circumstances),
      lostUpdates: [
        ...unprotected
          .filter((update) => !isByBreak(update, history, circumstances))
          .map(({ key, fence, at }) => `of "${key}" at ${Math.round(at)}, fence ${fence}, in a lease`),
        ...lostGuarded.map(({ key, fence, at }) => `of "${key}" at ${Math.round(at)}, fence ${fence}, with the guard`),
      ],
      hangs: history.hangs.map(({ worker, verb, key }) => `worker ${worker}, ${verb} of "${key}"`),
      unexplained: [
        ...unexplained(history.errors, this.#episodes).map(
          ({ worker, verb, key, sent, at, name, code, message }) =>
            `worker ${worker}, ${verb} of "${key}" from ${Math.round(sent)} to ${Math.round(at)}: ${name} ${code}: ${message}`,
        ),
        ...this.#troubles,
        ...logs.map((_, index) => this.#wordsOf(index)).filter((words) => words !== ""),
      ],
      store: { writes, overwritten: lost, refused },
    };
  }

  /** What the workers have noted, and when there was which fault. */
  #keepEvidence() {
    const folder = join(root, ".cache", "torture", `${this.adapterName}-${this.#settings.seed}`);
    rmSync(folder, { recursive: true, force: true });
    cpSync(this.logs, folder, { recursive: true });
    writeFileSync(join(folder, "faults.json"), JSON.stringify(this.#episodes, undefined, 2));
    return folder;
  }

  /** What a worker has printed, which is not for it to do. */
  #wordsOf(index) {
    const name = `${index}.words`;
    return readdirSync(this.logs).includes(name) ? readFileSync(join(this.logs, name), "utf8").trim() : "";
  }
}

function addressOf(url) {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

function through(url, port) {
  const changed = new URL(url);
  changed.hostname = "127.0.0.1";
  changed.port = String(port);
  return changed.href;
}
