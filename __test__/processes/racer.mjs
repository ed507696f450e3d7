// Takes part in races for locks through the client of an application: told a key it asks for it several times at once and
// reports the answers, and told that the race is over it gives back what it won.

import { randomUUID } from "node:crypto";
import { KnexLockAdapter, KyselyLockAdapter, SequelizeLockAdapter, SqlLockAdapter, TimeSpan } from "holdfast";
import { kinds } from "../lock/sql-handles.mjs";

const [kind = "", url = "", times = ""] = process.argv.slice(2);
const { adapter: name, open } = kinds[kind] ?? absent();
const opened = open({ url, size: Number(times) });
const adapters = { KnexLockAdapter, KyselyLockAdapter, SequelizeLockAdapter, SqlLockAdapter };
const adapter = new adapters[name](opened.settings);
const ttl = TimeSpan.fromMinutes(10);
/** @type {string[]} */
let winners = [];

/** @returns {never} */
function absent() {
  throw new Error(`There is no client "${kind}"`);
}

/** @param {string} key */
async function race(key) {
  const owners = Array.from({ length: Number(times) }, () => randomUUID());
  const outcomes = await Promise.all(
    owners.map((owner) => adapter.acquire(key, owner, ttl).then(String, (error) => `${error} ${error?.cause ?? ""}`)),
  );
  winners = owners.filter((_, index) => outcomes[index] === "true");
  return outcomes;
}

/** @param {string} key */
async function giveBack(key) {
  return Promise.all(winners.map((owner) => adapter.release(key, owner)));
}

await adapter.init();
process.on("message", async (message) => {
  const [order, key] = /** @type {["race" | "giveBack", string]} */ (message);
  process.send?.(await (order === "race" ? race(key) : giveBack(key)));
});
process.once("disconnect", async () => {
  await adapter.close();
  await opened.end();
});
process.send?.("ready");
