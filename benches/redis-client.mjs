// The client of the subjects that work on ioredis.

import { Redis } from "ioredis";

/** As long as a lease of the other subjects. */
export const ttlMs = 300_000;

/** @param {string} url */
export function connect(url, settings = {}) {
  return new Redis(url, settings);
}
