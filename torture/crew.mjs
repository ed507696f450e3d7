// The workers of a run, as the harness sees them.

import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker as Thread } from "node:worker_threads";

const script = fileURLToPath(new URL("worker.mjs", import.meta.url));

/**
 * How somebody behaves who holds a lock.
 *
 * @typedef {"brief" | "refreshing" | "late" | "refreshing late" | "never leaving"} Manner
 *
 * @typedef {object} WorkerSettings
 * @property {number} index
 * @property {string} adapter
 * @property {import("./adapters.mjs").Target} target
 * @property {string[]} keys
 * @property {number} tasks
 * @property {number} ttl milliseconds
 * @property {number[]} intervals milliseconds between the tries of a wait; one of them is drawn for each
 * @property {number} waiting the share of its sections for which it waits in the library; for the others it tries again
 * @property {number} keeping the share of its locks that it lets the library keep alive
 * @property {[number, number]} waits the least and the most milliseconds that it waits for a lock
 * @property {[number, number]} rests the least and the most milliseconds between two sections
 * @property {Record<Manner, number>} manners how often it behaves in which way, relative to each other
 * @property {number} patience milliseconds that a call may take besides the time it waits for a lock
 * @property {string} epoch nanoseconds of the monotonic clock that are the beginning of the run
 * @property {number} seed
 * @property {string} folder
 * @property {string} logFile
 * @property {string} [build] the name of a build that is broken on purpose
 */

/** A worker that has not ended yet, or has. */
export class Worker {
  /** @type {WorkerSettings} */
  settings;
  /** The clock it lives by. */
  clock;
  /** The proxy it reaches its server through, if it has one. */
  proxy;
  /** Fulfilled with how it ended: an exit code, or the name of a signal. */
  ended;
  /** @type {number | string | undefined} */
  ending;
  #runner;
  #listeners = new Set();

  /**
   * @param {WorkerSettings} settings
   * @param {{ clock?: import("./clock.mjs").Clock, proxy?: import("./proxy.mjs").TcpProxy, onQuestion: (question: object) =>
   *   object, isThread?: boolean }} surroundings
   */
  constructor(settings, { clock, proxy, onQuestion, isThread = false }) {
    this.settings = settings;
    this.clock = clock;
    this.proxy = proxy;
    this.#runner = isThread ? startThread(settings) : startProcess(settings, clock?.environment);
    this.ended = new Promise((resolve) => {
      this.#runner.once("exit", (code, signal) => resolve(signal ?? code));
      this.#runner.once("error", (error) => resolve(error.message));
    });
    this.ended.then((ending) => {
      this.ending = ending;
    });
    this.#runner.on("message", (message) => {
      if (message.verb !== undefined) {
        this.tell("stored", { number: message.number, answer: onQuestion(message) });
        return;
      }
      for (const listener of this.#listeners) {
        listener(message);
      }
    });
  }

  get isAlive() {
    return this.ending === undefined;
  }

  tell(order, details = {}) {
    const message = { order, ...details };
    if (this.#runner instanceof Thread) {
      this.#runner.postMessage(message);
    } else if (this.#runner.connected) {
      this.#runner.send(message, () => undefined);
    }
  }

  /** Fulfilled with what it tells next of that kind; undefined if it ends, or takes too long. */
  hear(told, patienceMs) {
    return new Promise((resolve) => {
      const finish = (message) => {
        clearTimeout(timer);
        this.#listeners.delete(listen);
        resolve(message);
      };
      const listen = (message) => {
        if (message.told === told) {
          finish(message);
        }
      };
      const timer = setTimeout(finish, patienceMs, undefined);
      this.#listeners.add(listen);
      this.ended.then(() => finish(undefined));
    });
  }

  /** Ends it in the middle of whatever it does, and waits until it is gone. */
  async kill() {
    if (this.#runner instanceof Thread) {
      await this.#runner.terminate();
    } else {
      this.#runner.kill("SIGKILL");
    }
    await this.ended;
  }

  /** @param {"SIGSTOP" | "SIGCONT"} signal */
  signal(signal) {
    this.#runner.kill(signal);
  }
}

function startProcess(settings, environment = {}) {
  const child = spawn(process.execPath, [script, JSON.stringify(settings)], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  keepWords(settings, [child.stdout, child.stderr]);
  return child;
}

function startThread(settings) {
  const thread = new Thread(script, { workerData: settings, stdout: true, stderr: true });
  keepWords(settings, [thread.stdout, thread.stderr]);
  return thread;
}

/** Nothing is to be printed by anybody: what is, is a finding. */
function keepWords({ logFile }, streams) {
  const file = createWriteStream(`${logFile}.words`);
  for (const stream of streams) {
    stream.pipe(file, { end: false });
  }
}
