// One of the processes that want the same key at the same time: five locks, each over a connection of its own. In each
// round all five are acquired at once, and what came of it is reported; then the winner, if it is here, releases.

import { LockProvider, TimeSpan } from "holdfast";
import { racingAdapters } from "./racing-adapters.mjs";

const [name = "", tableName = ""] = process.argv.slice(2);
const LOCKS = 5;
const KEY = "prize";

const open = racingAdapters[name];
if (open === undefined) {
  throw new Error(`There is no adapter "${name}" to race over`);
}
const adapters = Array.from({ length: LOCKS }, () => open(tableName));
const locks = adapters.map((adapter) => new LockProvider({ adapter }).create(KEY, { ttl: TimeSpan.fromMinutes(10) }));
// All at once, and each finds no table, or one that another is just making.
await Promise.all(adapters.map((adapter) => adapter.init()));
process.send?.("ready");

process.on("message", async (order) => {
  if (order === "acquire") {
    process.send?.(await Promise.all(locks.map(acquire)));
  } else {
    const released = await Promise.all(locks.map((lock) => lock.release().then(Number)));
    process.send?.(released.reduce((sum, one) => sum + one));
  }
});

/**
 * The fence if it was granted, false if it was not, or what went wrong.
 *
 * @param {import("holdfast").Lock} lock
 */
async function acquire(lock) {
  try {
    return (await lock.acquire()) ? Number(lock.fence) : false;
  } catch (error) {
    return String(error);
  }
}
