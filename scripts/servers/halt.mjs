import { readdir, readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

/** For systems that do not show the threads of others; a thread comes to a stop in far less. */
const PATIENCE_MS = 1_000;

/**
 * Stops a process in its tracks, until it is sent a `SIGCONT`; fulfilled when all of its threads stand still. On a busy
 * machine that takes its time after the signal, and until then it may answer what it is asked.
 *
 * @param {number} pid
 */
export async function halt(pid) {
  process.kill(pid, "SIGSTOP");
  if (process.platform !== "linux") {
    await setTimeout(PATIENCE_MS);
    return;
  }
  while (!(await standsStill(pid))) {
    await setTimeout(5);
  }
}

/**
 * See proc_pid_stat(5): the state comes after the name, which is in parentheses and may have some of its own.
 *
 * @param {number} pid
 */
async function standsStill(pid) {
  const folder = `/proc/${pid}/task`;
  try {
    const threads = await readdir(folder);
    const stats = await Promise.all(threads.map((thread) => readFile(`${folder}/${thread}/stat`, "utf8")));
    return stats.every((stat) => /^.*\) [TZX]/s.test(stat));
  } catch {
    // Of a thread that has just ended, or of all of them.
    return (await readdir(folder).catch(() => [])).length === 0;
  }
}
