// What a process has: memory, and what is open.

import { readdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

const megabyte = 2 ** 20;
const settleMs = 50;

/** Of a process at one moment, or what lies between two. */
export class Reading {
  /**
   * @param {object} figures
   * @param {number} figures.rss resident memory in bytes
   * @param {number} figures.heap memory of JavaScript objects in bytes, what is outside the heap with it
   * @param {number | undefined} figures.files how many file descriptors are open; undefined where nobody tells
   * @param {number} figures.resources what Node counts as at work: timers, sockets, requests
   */
  constructor({ rss, heap, files, resources }) {
    this.rss = rss;
    this.heap = heap;
    this.files = files;
    this.resources = resources;
  }

  /** After the garbage is gone. Needs `--expose-gc`. */
  static async take() {
    // What is finalized after the first collection is garbage for the next.
    for (let collection = 0; collection < 3; collection += 1) {
      globalThis.gc();
      await setTimeout(settleMs);
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return new Reading({
      rss,
      heap: heapUsed + external,
      files: countFiles(),
      resources: process.getActiveResourcesInfo().length,
    });
  }

  /** @param {Reading} earlier */
  since(earlier) {
    return new Reading({
      rss: this.rss - earlier.rss,
      heap: this.heap - earlier.heap,
      files: this.files === undefined ? undefined : this.files - earlier.files,
      resources: this.resources - earlier.resources,
    });
  }

  /** @param {Reading} bounds */
  exceeds(bounds) {
    return (
      this.rss > bounds.rss ||
      this.heap > bounds.heap ||
      (this.files ?? 0) > bounds.files ||
      this.resources > bounds.resources
    );
  }

  toString() {
    const [rss, heap] = [this.rss, this.heap].map((bytes) => `${(bytes / megabyte).toFixed(1)} MB`);
    return `RSS ${rss}, heap ${heap}, ${this.files ?? "?"} file descriptors, ${this.resources} active resources`;
  }
}

/** How much more there may be at the end, however many cycles there were: pages the allocator keeps, a connection more. */
export const bounds = new Reading({ rss: 16 * megabyte, heap: megabyte, files: 2, resources: 2 });

function countFiles() {
  for (const folder of ["/proc/self/fd", "/dev/fd"]) {
    try {
      return readdirSync(folder).length;
    } catch {
      // Not on this system.
    }
  }
  return undefined;
}
