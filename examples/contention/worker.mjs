// One of several processes that want the same few locks. Reports when it enters and leaves each section, and leaves
// evidence nobody protects but the lock: a counter file, read, held on to, and written back.

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { LockProvider, TimeSpan } from "holdfast";

const [folder = "", name = "", ttl = "", ...keys] = process.argv.slice(2);

const provider = new LockProvider({
  adapter: `sqlite:${join(folder, "locks.db")}`,
  defaultTtl: TimeSpan.fromMilliseconds(Number(ttl)),
});

let stopped = false;
process.on("message", () => {
  stopped = true;
});

while (!stopped) {
  const key = keys[Math.floor(Math.random() * keys.length)] ?? "";
  const lock = provider.create(key);
  const acquired = await lock.acquireBlocking({
    time: TimeSpan.fromMilliseconds(800),
    interval: TimeSpan.fromMilliseconds(20),
  });
  if (acquired) {
    report("enter", key);
    try {
      await work(join(folder, `${key}.count`));
    } finally {
      report("leave", key);
      await lock.release();
    }
  }
}
// Nothing more to say: with the channel to the parent closed this process ends by itself.
process.disconnect();

/** @param {string} file */
async function work(file) {
  const count = Number(readFileSync(file, "utf8"));
  await setTimeout(30 + Math.random() * 60);
  writeFileSync(`${file}.${name}`, String(count + 1));
  renameSync(`${file}.${name}`, file);
}

/**
 * @param {"enter" | "leave"} event
 * @param {string} key
 */
function report(event, key) {
  // One clock for all processes of a machine; a string, because messages between processes are JSON.
  process.send?.({ event, key, at: String(process.hrtime.bigint()) });
}
