// Clocks that are wrong, and change while a process runs. Linux with a C compiler only.

import { spawnSync } from "node:child_process";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("clock.c", import.meta.url));

/** The clock of one process or several, ahead or behind by an offset. */
export class Clock {
  #file;
  /** What a process needs in its environment to have this clock. */
  environment;

  constructor(preload, path) {
    writeFileSync(path, Buffer.alloc(8));
    this.#file = openSync(path, "r+");
    this.environment = { LD_PRELOAD: preload, TORTURE_CLOCK: path };
  }

  /** @param {number} milliseconds */
  set(milliseconds) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(Math.round(milliseconds)));
    writeSync(this.#file, bytes, 0, bytes.length, 0);
  }

  close() {
    closeSync(this.#file);
  }
}

/**
 * Compiles what makes clocks wrong, and makes sure that it does.
 *
 * @param {string} folder
 * @returns {{ preload?: string, reason?: string }} the library to preload, or why there is none
 */
export function compileClock(folder) {
  if (process.platform !== "linux") {
    return { reason: `clocks can be made wrong on Linux only, this is ${process.platform}` };
  }
  const preload = join(folder, "clock.so");
  const compiled = spawnSync("cc", ["-shared", "-fPIC", "-O2", "-o", preload, source]);
  if (compiled.status !== 0) {
    return { reason: "clocks can be made wrong with a C compiler only, and `cc` did not do it" };
  }
  const clock = new Clock(preload, join(folder, "clock.trial"));
  const ahead = 3_600_000;
  clock.set(ahead);
  const { stdout } = spawnSync(process.execPath, ["-p", "Date.now()"], {
    env: { ...process.env, ...clock.environment },
  });
  clock.close();
  const moved = Number(stdout) - Date.now();
  return Math.abs(moved - ahead) < 60_000 ? { preload } : { reason: "the preloaded clock has no effect here" };
}
