// What is measured on each backend, and what has to come out.

/**
 * A way to use a subject.
 *
 * @typedef {object} Workload
 * @property {string} name
 * @property {number} inFlight how many keys are locked and released at the same time
 * @property {boolean} [isRenewed] every cycle makes the lock it uses; by default one lock a key is made beforehand
 * @property {number} [atLeast] the requirement: our cycles a second, as a multiple of those of the fastest peer
 * @property {number} [atLeastOfPackage] the same, of those of the package that is compared with for itself
 * @property {string} [noLessThan] the same: our cycles a second are no fewer than in the workload of this name
 */

/** The backends, as people call them. */
export const titles = {
  memory: "In memory",
  sqlite: "SQLite",
  postgres: "PostgreSQL",
  "postgres-asynchronous": "PostgreSQL with synchronous_commit = off",
  mariadb: "MariaDB",
  redis: "Redis",
  mongodb: "MongoDB",
};

/** @type {Record<string, Workload[]>} */
export const plan = {
  memory: [
    { name: "one at a time", inFlight: 1, atLeast: 0.6 },
    { name: "64 keys in flight", inFlight: 64, atLeast: 0.6 },
    { name: "1024 keys in flight", inFlight: 1024 },
    { name: "a new lock each cycle", inFlight: 1, isRenewed: true },
  ],
  sqlite: [
    { name: "one at a time", inFlight: 1, atLeast: 1.2 },
    { name: "64 keys in flight", inFlight: 64, atLeast: 8 },
    { name: "1024 keys in flight", inFlight: 1024 },
  ],
  postgres: [
    { name: "one at a time", inFlight: 1, atLeast: 1.2 },
    { name: "64 keys in flight", inFlight: 64, atLeast: 6, atLeastOfPackage: 300 },
    { name: "512 keys in flight", inFlight: 512, noLessThan: "64 keys in flight" },
    { name: "1024 keys in flight", inFlight: 1024 },
  ],
  "postgres-asynchronous": [
    { name: "one at a time", inFlight: 1, atLeast: 1.2 },
    { name: "64 keys in flight", inFlight: 64, atLeast: 6 },
  ],
  mariadb: [
    { name: "one at a time", inFlight: 1, atLeast: 1.1 },
    { name: "64 keys in flight", inFlight: 64, atLeast: 6 },
    { name: "512 keys in flight", inFlight: 512, noLessThan: "64 keys in flight" },
    { name: "1024 keys in flight", inFlight: 1024 },
  ],
  redis: [
    { name: "one at a time", inFlight: 1, atLeast: 0.9 },
    { name: "64 keys in flight", inFlight: 64, atLeast: 1.7 },
    { name: "512 keys in flight", inFlight: 512, atLeast: 2 },
    { name: "1024 keys in flight", inFlight: 1024 },
  ],
  mongodb: [
    { name: "one at a time", inFlight: 1 },
    { name: "64 keys in flight", inFlight: 64 },
    { name: "1024 keys in flight", inFlight: 1024 },
  ],
};
