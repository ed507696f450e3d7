// What other packages reach that are not measured in the run. Measured once with the same workloads on a machine of this
// kind: two shared cores, Node.js 20, Redis 7.0, PostgreSQL 15, MariaDB 10.11.

/**
 * @typedef {object} Elsewhere
 * @property {string} name
 * @property {string} beside the backend on which ours is compared with it
 * @property {Record<string, number | [number, number]>} figures by the names of the plan; two are a range
 */

/** By the measure. @type {Record<string, Elsewhere[]>} */
export const elsewhere = {
  "one-process": [
    { name: "async-mutex (in process only)", beside: "memory", figures: { perSecond: 84_000 } },
    { name: "live-mutex (a broker of its own)", beside: "redis", figures: { perSecond: 6_700, gap: 0.15 } },
    { name: "pg_advisory_lock, a session each", beside: "postgres", figures: { perSecond: 3_700, gap: 0.27 } },
    { name: "GET_LOCK of MariaDB, a session each", beside: "mariadb", figures: { perSecond: 3_000, gap: 0.33 } },
    { name: "redlock of sesamecare, set to 10 ms", beside: "redis", figures: { perSecond: 840, gap: 1.2 } },
  ],
  "four-processes": [
    { name: "live-mutex (a broker of its own)", beside: "redis", figures: { perSecond: 1_900, gap: 0.32 } },
    { name: "pg_advisory_lock, a session each", beside: "postgres", figures: { perSecond: 1_700, gap: 0.4 } },
    { name: "GET_LOCK of MariaDB, a session each", beside: "mariadb", figures: { perSecond: 1_400, gap: 0.44 } },
  ],
  "thousand-waiters": [
    { name: "daiso-core, each second, on Redis", beside: "redis", figures: { commands: 1_000, cpu: [6, 21] } },
    {
      name: "daiso-core, each second, on SQL",
      beside: "postgres",
      figures: { commands: [2_000, 4_000], cpu: [6, 21] },
    },
    { name: "redlock", beside: "redis", figures: { commands: 5_000, cpu: [14, 15] } },
    { name: "ioredis-lock", beside: "redis", figures: { commands: 18_000, cpu: 18 } },
    { name: "redis-semaphore", beside: "redis", figures: { commands: 50_000, cpu: 43 } },
  ],
  "killed-holder": [
    { name: "daiso-core, node-distributed-lock", beside: "postgres", figures: { late: 510, latest: 765 } },
    { name: "redlock", beside: "redis", figures: { late: [86, 179] } },
    { name: "packages that ask each 10–50 ms", beside: "redis", figures: { late: [1, 50] } },
    { name: "proper-lockfile", beside: "sqlite", figures: { late: [300, 1_800] } },
  ],
};
