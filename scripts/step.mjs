// Runs the programs the scripts need, says what is going on, and is never silent for long.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const heartbeatMs = 15_000;
const verbose = Boolean(process.env.VERBOSE);
const interruption = new AbortController();

/** A step that could not be done; everything worth reading has been printed or is in the message. */
export class StepError extends Error {
  name = "StepError";
}

export function say(text) {
  process.stdout.write(`holdfast: ${text}\n`);
}

/**
 * Turns Ctrl-C and its like into a failing step, so that `finally` blocks run and nothing started here outlives us.
 */
export function failOnInterrupt() {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => interruption.abort(new StepError(`interrupted by ${signal}`)));
  }
}

/** Throws once the run was interrupted; for loops that wait without a child process. */
export function throwIfInterrupted() {
  interruption.signal.throwIfAborted();
}

/** The command line of a program from node_modules, started by this Node so that no shell is needed on any system. */
export function tool(packageName, programName = packageName) {
  const folder = join(root, "node_modules", packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return [process.execPath, join(folder, typeof bin === "string" ? bin : bin[programName])];
}

/** The command line of npm: the npm that runs this script, else the one on the PATH. */
export function npm() {
  const running = process.env.npm_execpath;
  if (running?.endsWith("npm-cli.js")) {
    return [process.execPath, running];
  }
  return process.platform === "win32" ? ["cmd.exe", "/d", "/c", "npm"] : ["npm"];
}

/**
 * Runs one command to its end.
 *
 * @param {string} title what is being done, as in "building the native addon"
 * @param {string[]} command program and arguments
 * @param {{ show?: boolean, environment?: Record<string, string>, mayFail?: boolean, hint?: string }} options
 *   `show` passes the output through as it comes, otherwise it is printed only when the command fails;
 *   `mayFail` answers with the exit code where it would throw; `hint` is said next to the title.
 * @returns {Promise<{ code: number, output: string }>}
 */
export async function step(title, command, { show = verbose, environment = {}, mayFail = false, hint } = {}) {
  throwIfInterrupted();
  say(`${title}${hint ? ` (${hint})` : ""}…`);
  const started = Date.now();
  let spoke = started;
  const beat = setInterval(() => {
    if (Date.now() - spoke >= heartbeatMs) {
      spoke = Date.now();
      say(`still ${title} (${Math.round((Date.now() - started) / 1000)} s)`);
    }
  }, 1_000);

  try {
    const result = await collect(command, environment, (chunk) => {
      if (show) {
        spoke = Date.now();
        process.stdout.write(chunk);
      }
    });
    if (result.code !== 0 && !mayFail) {
      if (!show) {
        process.stderr.write(result.output);
      }
      throw new StepError(`${title} failed: \`${command.join(" ")}\` ended with ${result.code}`);
    }
    return result;
  } finally {
    clearInterval(beat);
  }
}

function collect([program, ...programArguments], environment, onChunk) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArguments, {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks = [];
    const stop = () => child.kill("SIGTERM");
    interruption.signal.addEventListener("abort", stop, { once: true });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        chunks.push(chunk);
        onChunk(chunk);
      });
    }
    child.on("error", (cause) => {
      interruption.signal.removeEventListener("abort", stop);
      reject(new StepError(`\`${program}\` could not be started: ${cause.message}`, { cause }));
    });
    child.on("close", (code, signal) => {
      interruption.signal.removeEventListener("abort", stop);
      if (interruption.signal.aborted) {
        reject(interruption.signal.reason);
      } else {
        resolve({ code: code ?? `signal ${signal}`, output: Buffer.concat(chunks).toString("utf8") });
      }
    });
  });
}

/** Runs a script's main function and turns what it throws into a plain message and a non-zero exit code. */
export async function main(run) {
  try {
    process.exitCode = (await run()) ?? 0;
  } catch (error) {
    process.stderr.write(`holdfast: ${error instanceof StepError ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
