// What can be tortured: how a worker opens it, which server it needs, and what can be done to that server.

import { join } from "node:path";

/**
 * Where the locks of a run are.
 *
 * @typedef {object} Target
 * @property {string} name nobody else's: an instance, a table or a prefix
 * @property {string} folder for files
 * @property {string} [url] of the server, as this worker reaches it
 * @property {number} [poolSize] how many connections the worker may have; left out where that cannot be said
 */

/**
 * @typedef {object} Tortured
 * @property {string} title
 * @property {(target: Target) => Promise<import("holdfast").ILockAdapter>} open
 * @property {"process" | "host" | "server"} clock whose clock judges expiry
 * @property {boolean} [tells] whether it tells of releases, so that nobody waits for an interval to be over
 * @property {boolean} [isOneProcess] whether its locks are between the threads of one process
 * @property {keyof typeof import("../scripts/servers.mjs").recipes} [recipe] how its server is had
 * @property {Record<"fast" | "immediate", NodeJS.Signals>} [restart] the signals that end its server in order, and at once
 * @property {boolean} [canFreeze] whether a stopped process is all of its server
 * @property {boolean} [hasPool] whether the size of its pool can be set
 * @property {(url: string, ports: number[]) => Promise<number>} [killSessions] ends those that came from these ports, and
 *   tells how many
 */

/** @type {Record<string, Tortured>} */
export const adapters = {
  memory: {
    title: "Memory",
    clock: "process",
    tells: true,
    isOneProcess: true,
    async open({ name }) {
      const { MemoryLockAdapter } = await import("holdfast");
      return new MemoryLockAdapter({ name });
    },
  },

  sqlite: {
    title: "SQLite",
    clock: "host",
    tells: true,
    async open({ folder }) {
      const { SqliteLockAdapter } = await import("holdfast");
      return new SqliteLockAdapter({ url: `sqlite:${join(folder, "locks.db")}` });
    },
  },

  redis: {
    title: "Redis",
    clock: "server",
    recipe: "redis",
    restart: { fast: "SIGTERM", immediate: "SIGKILL" },
    canFreeze: true,
    async open({ url, name }) {
      const { RedisLockAdapter } = await import("holdfast");
      return new RedisLockAdapter({ url, keyPrefix: `${name}:` });
    },
    async killSessions(url, ports) {
      const { default: Redis } = await import("ioredis");
      const client = new Redis(url);
      try {
        // One that has ended by itself a moment before is no session any more.
        const kills = ports.map((port) => client.client("KILL", "ADDR", `127.0.0.1:${port}`));
        const outcomes = await Promise.allSettled(kills);
        return outcomes.filter(({ status }) => status === "fulfilled").length;
      } finally {
        client.disconnect();
      }
    },
  },
};
