// A process that comes to its end while it holds a lock, in the way it is told to.

import { setTimeout as sleep } from "node:timers/promises";
import DistributedLock from "holdfast/distributed-lock";
import { Pool } from "pg";

const [way = "", table = ""] = process.argv.slice(2);
const pool = new Pool({ connectionString: process.env.POSTGRES_URL, allowExitOnIdle: way.endsWith("never ends") });
const lock = new DistributedLock("leaving", { queryInterface: pool, lockTableName: table });

/** @type {Record<string, () => unknown>} */
const ways = {
  "with a section that goes on": () => lock.lock(() => say("in", sleep(60_000))),
  "with a listener that waits for the section": async () => {
    const { promise, end } = makePromise();
    // One that takes itself away when it is called.
    process.once("SIGTERM", () => void say("signalled"));
    process.once("message", end);
    await lock.lock(() => say("in", promise));
    await say("released");
    process.exit(7);
  },
  "with a section that never ends": async () => {
    process.on("beforeExit", () => {
      process.exitCode = 3;
    });
    void lock.lock(async () => {
      await say("in");
      process.disconnect();
      return new Promise(() => undefined);
    });
  },
  "with nothing to do": async () => {
    await lock.lock(() => undefined);
    const listeners = ["SIGINT", "SIGTERM", "SIGHUP", "beforeExit"].map((event) => process.listenerCount(event));
    await say(listeners);
    await pool.end();
    process.disconnect();
  },
};

void ways[way]?.();

/**
 * @param {unknown} word
 * @param {Promise<unknown>} [then]
 */
async function say(word, then) {
  await new Promise((resolve) => process.send?.(word, resolve));
  return then;
}

function makePromise() {
  let end = () => {};
  /** @type {Promise<void>} */
  const promise = new Promise((resolve) => {
    end = resolve;
  });
  return { promise, end };
}
