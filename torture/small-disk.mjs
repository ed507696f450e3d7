// A disk that is soon full.

import { spawnSync } from "node:child_process";

/**
 * Mounts one on a folder.
 *
 * @returns {{ reason?: string, unmount?: () => void }} the reason why there is none
 */
export function mountSmallDisk(folder) {
  if (process.platform !== "linux" || process.getuid() !== 0) {
    return { reason: "a small disk can be mounted by root on Linux only" };
  }
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=16m", "none", folder]);
  return status === 0
    ? { unmount: () => spawnSync("umount", ["--lazy", folder]) }
    : { reason: "this system does not let root mount a small disk" };
}
