// A server of our own for the time of one run, with a temporary folder; gone at the end.

import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { StepError, throwIfInterrupted } from "../step.mjs";
import { halt } from "./halt.mjs";

const startPatienceMs = 60_000;
const stopPatienceMs = 10_000;

export class Throwaway {
  /** @type {string} absolute; belongs to the account the server runs under */
  folder;
  #name;
  #account = {};
  #process;
  #stopSignal = "SIGTERM";
  /** How it was run, so that it can be again. */
  #running;
  #abandon = () => this.#kill();

  static create(name) {
    const server = new Throwaway();
    server.#name = name;
    server.folder = mkdtempSync(join(tmpdir(), "holdfast-server-"));
    process.once("exit", server.#abandon);
    return server;
  }

  static pause() {
    throwIfInterrupted();
    return setTimeout(100);
  }

  /**
   * Runs this server as an ordinary account where we are root, and gives it what is in the folder; databases refuse to run
   * as root, and to use a key that is not their own.
   */
  becomeOneOf(accounts) {
    if (process.getuid?.() !== 0) {
      return;
    }
    for (const account of accounts) {
      const [uid, gid] = ["-u", "-g"].map((option) => Number.parseInt(spawnSync("id", [option, account]).stdout, 10));
      if (uid > 0) {
        this.#account = { uid, gid };
        for (const path of [this.folder, ...readdirSync(this.folder).map((name) => join(this.folder, name))]) {
          chownSync(path, uid, gid);
        }
        chmodSync(this.folder, 0o700);
        return;
      }
    }
  }

  /** Runs a program that prepares the folder, to its end. */
  async prepare(program, programArguments) {
    const child = this.#spawn(program, programArguments);
    const code = await new Promise((resolve, reject) => {
      child.once("exit", resolve);
      child.once("error", reject);
    });
    if (code !== 0) {
      throw new StepError(`${program} ended with ${code}: ${this.#lastWords()}`);
    }
  }

  /**
   * Starts the server and waits until it answers.
   *
   * @param {() => Promise<boolean>} answers
   * @param {NodeJS.Signals} stopSignal the signal that ends it without waiting for its clients
   */
  async run(program, programArguments, options) {
    const { answers, environment, stopSignal = "SIGTERM" } = options;
    this.#running = [program, programArguments, options];
    this.#stopSignal = stopSignal;
    const child = this.#spawn(program, programArguments, environment);
    let failure;
    child.once("error", (error) => (failure = error.message));
    child.once("exit", (code, signal) => (failure = `it ended with ${code ?? signal}`));
    const deadline = Date.now() + startPatienceMs;
    while (!(await answers())) {
      if (failure !== undefined || Date.now() > deadline) {
        throw new StepError(`${program} does not answer: ${failure ?? "out of patience"}: ${this.#lastWords()}`);
      }
      await Throwaway.pause();
    }
  }

  /**
   * Ends the server by a signal, does something while it is away, and starts it again on what it has stored; fulfilled
   * when it answers.
   *
   * @param {NodeJS.Signals} signal
   * @param {() => Promise<unknown>} [whileAway]
   */
  async restart(signal, whileAway) {
    await this.#end(signal);
    await whileAway?.();
    await this.run(...this.#running);
  }

  /** Stops it in its tracks, with all that it has started: its connections stay, and nothing is answered any more. */
  async freeze() {
    await this.#eachProcess(halt);
  }

  /** It goes on. */
  async thaw() {
    await this.#eachProcess((pid) => process.kill(pid, "SIGCONT"));
  }

  async stop() {
    // Whoever is stopped does not hear that he is to end.
    await this.thaw();
    await this.#end(this.#stopSignal);
    process.removeListener("exit", this.#abandon);
    this.#kill();
  }

  /** The server itself comes first: one that is stopped starts nobody. */
  async #eachProcess(treat) {
    const child = this.#process;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    await treat(child.pid);
    for (const pid of descendantsOf(child.pid)) {
      try {
        await treat(pid);
      } catch {
        // It has just ended.
      }
    }
  }

  /** By force, if it takes too long: who comes next needs its port and its files. */
  async #end(signal) {
    const child = this.#process;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill(signal);
      await Promise.race([ended, setTimeout(stopPatienceMs, undefined, { ref: false })]);
      child.kill("SIGKILL");
      await ended;
    }
  }

  #kill() {
    this.#process?.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #spawn(program, programArguments, environment = {}) {
    const log = openSync(join(this.folder, "log"), "a");
    const child = spawn(program, programArguments, {
      cwd: this.folder,
      env: { ...process.env, ...environment },
      stdio: ["ignore", log, log],
      // Ctrl-C in the terminal is for the run, which then stops its servers in order.
      detached: true,
      ...this.#account,
    });
    closeSync(log);
    this.#process = child;
    return child;
  }

  #lastWords() {
    const log = readFileSync(join(this.folder, "log"), "utf8").trim();
    return log.split("\n").slice(-5).join(" | ") || `${this.#name} said nothing`;
  }
}

function descendantsOf(ancestor) {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const processes = stdout.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  const descendants = [];
  for (let parents = [ancestor]; parents.length > 0; descendants.push(...parents)) {
    parents = processes.filter(([, parent]) => parents.includes(parent)).map(([pid]) => pid);
  }
  return descendants;
}
