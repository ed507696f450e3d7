// A process whose clock is off. It keeps one adapter and asks of it what it is told to.

import { KnexLockAdapter, KyselyLockAdapter, SequelizeLockAdapter, SqlLockAdapter, TimeSpan } from "holdfast";
import { kinds } from "../lock/sql-handles.mjs";
import { racingAdapters } from "./racing-adapters.mjs";

const [name = "", tableName = ""] = process.argv.slice(2);
const adapter = racingAdapters[name]?.(tableName) ?? throughClient();

/** An adapter over a client that an application may have. */
function throughClient() {
  const kind = kinds[name];
  if (kind === undefined) {
    throw new Error(`There is no adapter "${name}"`);
  }
  const url = (kind.dialect === "postgres" ? process.env.POSTGRES_URL : process.env.MYSQL_URL) ?? "";
  const adapters = { KnexLockAdapter, KyselyLockAdapter, SequelizeLockAdapter, SqlLockAdapter };
  const opened = kind.open({ url, size: 1 });
  process.once("disconnect", () => opened.end());
  return new adapters[kind.adapter]({ ...opened.settings, tableName });
}

process.on("message", async (message) => {
  const { verb, key, owner, ttl } = /** @type {Record<string, any>} */ (message);
  const span = TimeSpan.fromMilliseconds(ttl ?? 0);
  const answers = {
    acquire: () => adapter.acquire(key, owner, span),
    release: () => adapter.release(key, owner),
    refresh: () => adapter.refresh(key, owner, span),
    removeAllExpired: () => adapter.removeAllExpired().then(() => null),
    remaining: async () => ((await adapter.getState(key))?.expiration?.getTime() ?? 0) - Date.now(),
  };
  process.send?.(await answers[/** @type {keyof typeof answers} */ (verb)]());
});
process.send?.(Date.now());
