// The client of the subjects that work on ioredis, and the server it speaks to.

import { Redis } from "ioredis";

/** As long as a lease of the other subjects. */
export const ttlMs = 300_000;

/** benches/run.mjs sees to it. */
export function redisUrl() {
  return process.env.REDIS_URL;
}

export function connect(settings = {}) {
  return new Redis(redisUrl(), settings);
}
