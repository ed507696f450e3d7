// Asks for locks without a rest until it is killed, as a process or as a worker thread: several tasks on a few keys,
// which other hammers want as well. Says "hammering" when it is well under way. An error ends it.

import { setImmediate as nextTurn } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import { LockProvider, TimeSpan } from "holdfast";

const [url = "", ttl = ""] = process.argv.slice(2);
const KEYS = 4;
const TASKS = 8;

const provider = new LockProvider({ adapter: url, defaultTtl: TimeSpan.fromMilliseconds(Number(ttl)) });
let rounds = 0;

// Not if the test is gone.
process.on("disconnect", () => process.exit());
await Promise.all(Array.from({ length: TASKS }, (_, task) => hammer(`key ${task % KEYS}`)));

/** @param {string} key */
async function hammer(key) {
  for (;;) {
    const lock = provider.create(key);
    if (await lock.acquire()) {
      await lock.release();
    }
    rounds += 1;
    if (rounds === TASKS) {
      say("hammering");
    }
    await nextTurn();
  }
}

/** @param {string} word */
function say(word) {
  if (parentPort === null) {
    process.send?.(word);
  } else {
    parentPort.postMessage(word);
  }
}
