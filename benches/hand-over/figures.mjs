// What other packages reach, for comparison. Measured once with the same workloads on a machine of this kind: two shared
// cores, Node.js 20, Redis 7.0, PostgreSQL 15, MariaDB 10.11.

/** By the line of the benchmark. */
export const figures = {
  "one process": [
    "async-mutex (in process only)      84,000 a second",
    "live-mutex (a broker of its own)    6,700 a second, gap 0.15 ms",
    "pg_advisory_lock, a session each    3,700 a second, gap 0.27 ms",
    "GET_LOCK of MariaDB, likewise       3,000 a second, gap 0.33 ms",
    "redlock of sesamecare, each 10 ms     840 a second, gap 1.2 ms",
    "Redis packages as they come       180–320 a second, gap 3–5.5 ms",
  ],
  "four processes": [
    "live-mutex                          1,900 a second, gap 0.32 ms",
    "pg_advisory_lock, a session each    1,700 a second, gap 0.40 ms",
    "GET_LOCK of MariaDB, likewise       1,400 a second, gap 0.44 ms",
  ],
  "1000 waiting": [
    "daiso-core, each second             1,000 commands/s on Redis, 2,000–4,000 on SQL, 6–21 % of a core",
    "redlock                             5,000 commands/s, 14–15 %",
    "ioredis-lock                       18,000 commands/s, 18 %",
    "redis-semaphore                    50,000 commands/s, 43 %",
  ],
  "killed holder": [
    "daiso-core, node-distributed-lock   510 ms after the end of the lease, up to 765 ms",
    "redlock                             86–179 ms",
    "packages that ask each 10–50 ms     1–50 ms",
    "proper-lockfile                     300–1,800 ms",
  ],
};
