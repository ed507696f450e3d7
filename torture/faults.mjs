// What is done to the workers, their connections and their server.

import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const outage = ["LOCK_CONNECTION", "LOCK_AMBIGUOUS"];
const hearMs = 5_000;
const hourMs = 3_600_000;

/**
 * One kind of fault.
 *
 * @typedef {object} Fault
 * @property {(run: import("./run.mjs").Run) => string | undefined} missing why it cannot be injected; undefined: it can be
 * @property {string[]} [codes] of errors that it explains, of the worker or of all
 * @property {boolean} [isForAll] whether it meets every worker, where a single one is the rule
 * @property {boolean} [endsPromises] whether no lease that was granted before can be relied on afterwards
 * @property {boolean} [isDeafening] whether the worker cannot hear what it is told meanwhile
 * @property {(run: import("./run.mjs").Run, worker: import("./crew.mjs").Worker, random: import("./random.mjs").Random) =>
 *   Promise<number | void>} inject fulfilled when it is over; with how many there were, where that is not 1
 */

const possible = () => undefined;
const needsSignals = ({ adapter }) => {
  if (process.platform === "win32") {
    return "Windows has no signals that stop a process";
  }
  return adapter.isOneProcess ? "its workers are threads of one process" : undefined;
};
const needsNetwork = ({ adapter }) => (adapter.recipe === undefined ? "it has no server" : undefined);
const needsOwnServer = (run) => needsNetwork(run) ?? (run.server.own ? undefined : "its server is not ours to end");
const needsClock = (whose) => (run) =>
  run.adapter.clock === whose ? run.clocks.reason : `the clock that counts is not of that kind`;

/** @type {Record<string, Fault>} */
export const faults = {
  "holder killed": { missing: possible, inject: (run, worker) => killAt("holding", run, worker) },

  "waiter killed": { missing: possible, inject: (run, worker) => killAt("waiting", run, worker) },

  "holder stopped past its ttl": {
    missing: needsSignals,
    // What was to be heard meanwhile is found late.
    codes: outage,
    isDeafening: true,
    async inject(run, worker, random) {
      worker.tell("tell", { moment: "holding" });
      await worker.hear("holding", hearMs);
      worker.signal("SIGSTOP");
      await setTimeout(run.ttl * random.between(1.5, 2.5));
      worker.signal("SIGCONT");
    },
  },

  "event loop blocked past the ttl": {
    missing: possible,
    isDeafening: true,
    async inject(run, worker, random) {
      worker.tell("block", { milliseconds: run.ttl * random.between(1.5, 2.5) });
      await worker.hear("unblocked", hearMs + 3 * run.ttl);
    },
  },

  "forced release": {
    missing: possible,
    async inject(run, worker, random) {
      worker.tell("force", { key: random.pick(run.keys) });
      await worker.hear("forced", run.patience);
    },
  },

  "clock of a client stepped": {
    missing: (run) => (run.adapter.clock === "host" ? "its clock is the clients'" : run.clocks.reason),
    async inject(_run, worker, random) {
      for (const offset of random.shuffle([hourMs, -hourMs, random.between(-hourMs, hourMs)])) {
        worker.clock.set(offset);
        await setTimeout(random.between(200, 700));
      }
    },
  },

  "clock of the host stepped ahead": {
    missing: needsClock("host"),
    isForAll: true,
    endsPromises: true,
    isDeafening: true,
    async inject(run, _worker, random) {
      run.hostAheadMs = (run.hostAheadMs ?? 0) + random.between(1_000, hourMs);
      run.clocks.host.set(run.hostAheadMs);
    },
  },

  "answers delayed": {
    missing: needsNetwork,
    inject: (_run, worker, random) => distort(worker, "delay", random.between(500, 2_000), random.between(20, 300)),
  },

  "silent network": {
    missing: needsNetwork,
    codes: outage,
    inject: (_run, worker, random) => distort(worker, "blackhole", random.pick([300, 1_500, 6_000])),
  },

  "connections reset": {
    missing: needsNetwork,
    codes: outage,
    async inject(_run, worker) {
      worker.proxy.reset();
    },
  },

  "connections refused": {
    missing: needsNetwork,
    codes: outage,
    async inject(_run, worker, random) {
      worker.proxy.set("refuse");
      worker.proxy.reset();
      await setTimeout(random.between(300, 1_500));
      worker.proxy.set("pass");
    },
  },

  "request delivered, reply swallowed": {
    missing: needsNetwork,
    codes: outage,
    inject: (_run, worker, random) => distort(worker, "swallow", random.between(200, 1_000)),
  },

  "connection cut in a statement": {
    missing: needsNetwork,
    codes: outage,
    inject: (_run, worker, random) => distort(worker, "cut", random.between(200, 1_000)),
  },

  "database sessions killed": {
    missing: (run) =>
      needsNetwork(run) ?? (run.adapter.killSessions ? undefined : "its server has no sessions to kill"),
    codes: outage,
    isForAll: true,
    inject: (run) =>
      run.adapter.killSessions(
        run.server.url,
        run.workers.flatMap(({ proxy }) => proxy.ports),
      ),
  },

  "server restarted in order": {
    missing: needsOwnServer,
    codes: outage,
    isForAll: true,
    inject: (run) => run.server.own.restart(run.adapter.restart.fast),
  },

  "server ended at once, and restarted": {
    missing: needsOwnServer,
    codes: outage,
    isForAll: true,
    inject: (run) => run.server.own.restart(run.adapter.restart.immediate),
  },

  "server stopped for a while": {
    missing: needsOwnServer,
    codes: outage,
    isForAll: true,
    async inject(run, _worker, random) {
      await run.server.own.freeze();
      await setTimeout(random.pick([500, 2 * run.ttl]));
      await run.server.own.thaw();
    },
  },

  "disk full": {
    missing: (run) => (run.adapter.clock === "host" ? run.smallDisk.reason : "it has no disk of its own"),
    codes: ["LOCK_DATABASE"],
    isForAll: true,
    async inject(run, _worker, random) {
      const filler = join(run.target.folder, "filler");
      fill(filler);
      await setTimeout(random.between(300, 1_000));
      rmSync(filler);
    },
  },

  "file busy with another program": {
    missing: (run) => (run.adapter.clock === "host" ? undefined : "it has no file"),
    isForAll: true,
    async inject(run, _worker, random) {
      const { default: Database } = await import("better-sqlite3");
      const database = new Database(join(run.target.folder, "locks.db"), { timeout: hearMs });
      try {
        database.exec("BEGIN IMMEDIATE");
        await setTimeout(random.between(200, 2 * run.ttl));
        database.exec("ROLLBACK");
      } finally {
        database.close();
      }
    },
  },
};

async function killAt(moment, run, worker) {
  worker.tell("tell", { moment });
  await worker.hear(moment, hearMs);
  await run.replace(worker);
}

/** @param {import("./proxy.mjs").Mode} mode */
async function distort({ proxy }, mode, forMs, delayMs) {
  proxy.set(mode, delayMs);
  await setTimeout(forMs);
  proxy.set("pass");
}

/** Takes all the room that is left on a disk. */
function fill(path) {
  const file = openSync(path, "w");
  try {
    for (let size = 65_536; size >= 1; size /= 2) {
      try {
        for (;;) {
          writeSync(file, Buffer.alloc(size));
        }
      } catch (error) {
        if (error.code !== "ENOSPC") {
          throw error;
        }
      }
    }
  } finally {
    closeSync(file);
  }
}
