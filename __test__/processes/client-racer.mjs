// Takes part in races for locks through clients of applications, each over a connection of its own: told a key all of them
// ask for it at once and report the answers, and told that the race is over the winner gives it back.

import { randomUUID } from "node:crypto";
import { KnexLockAdapter, KyselyLockAdapter, SequelizeLockAdapter, SqlLockAdapter, TimeSpan } from "holdfast";
import { kinds } from "../lock/sql-handles.mjs";

const [kind = "", url = "", number = ""] = process.argv.slice(2);
const { adapter: name, open } = kinds[kind] ?? absent();
const adapters = { KnexLockAdapter, KyselyLockAdapter, SequelizeLockAdapter, SqlLockAdapter };
const racers = Array.from({ length: Number(number) }, () => {
  const opened = open({ url, size: 1 });
  return { opened, adapter: new adapters[name](opened.settings), owner: randomUUID(), hasWon: false };
});
const ttl = TimeSpan.fromMinutes(10);

/** @returns {never} */
function absent() {
  throw new Error(`There is no client "${kind}"`);
}

/** @param {string} key */
function race(key) {
  return Promise.all(
    racers.map(async (racer) => {
      try {
        racer.hasWon = await racer.adapter.acquire(key, racer.owner, ttl);
        return String(racer.hasWon);
      } catch (error) {
        return `${error} ${error instanceof Error ? error.cause : ""}`;
      }
    }),
  );
}

/** @param {string} key */
function giveBack(key) {
  const winners = racers.filter(({ hasWon }) => hasWon);
  return Promise.all(winners.map(({ adapter, owner }) => adapter.release(key, owner)));
}

// All at once, and each finds no table, or one that another is just making.
await Promise.all(racers.map(({ adapter }) => adapter.init()));
process.on("message", async (message) => {
  const [order, key] = /** @type {["race" | "giveBack", string]} */ (message);
  process.send?.(await (order === "race" ? race(key) : giveBack(key)));
});
process.once("disconnect", async () => {
  for (const { adapter, opened } of racers) {
    await adapter.close();
    await opened.end();
  }
});
process.send?.("ready");
