import { readlinkSync, symlinkSync, unlinkSync } from "node:fs";

/**
 * Enters a place that only one living process may be in: a link that is made only if it is not there, and leads to the
 * number of the process. It is there with its content or not at all, whenever a process is killed.
 *
 * @param {string} link
 * @param {string[]} met who was there, other than the dead
 * @returns how to leave it
 */
export function enter(link, met) {
  try {
    symlinkSync(String(process.pid), link);
  } catch {
    const other = readlinkSync(link);
    if (isAlive(Number(other))) {
      met.push(`${process.pid} met ${other}`);
    }
    unlinkSync(link);
    symlinkSync(String(process.pid), link);
  }
  return () => unlinkSync(link);
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
