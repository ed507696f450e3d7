// Keeps one adapter, and asks of it what it is told to, one thing after another, until the channel is closed.

import { rmSync, writeFileSync } from "node:fs";
import { isLockError, LOCK_ERRORS, SqliteLockAdapter, TimeSpan } from "holdfast";

/** @type {import("./remote-adapter").RemoteAdapterSettings} */
const { url, tableName, asNobody } = JSON.parse(process.argv[2] ?? "");
const NOBODY = 65_534;
const OWNER = "remote";

if (asNobody && process.setgid && process.setuid && process.setgroups) {
  process.setgroups([]);
  process.setgid(NOBODY);
  process.setuid(NOBODY);
}
const adapter = new SqliteLockAdapter({ url, tableName });

/** @type {Record<string, (argument: string) => unknown>} */
const orders = {
  init: () => adapter.init(),
  deInit: () => adapter.deInit(),
  removeAllExpired: () => adapter.removeAllExpired(),
  acquire: (key) => adapter.acquire(key, OWNER, null),
  release: (key) => adapter.release(key, OWNER),
  forceRelease: (key) => adapter.forceRelease(key),
  refresh: (key) => adapter.refresh(key, OWNER, TimeSpan.fromHours(1)),
  getState: (key) => adapter.getState(key),
  fill,
  free: (file) => rmSync(file),
};

process.on("message", async (order) => {
  const [name, argument] = /** @type {[string, string]} */ (order);
  try {
    process.send?.({ answer: await orders[name]?.(argument) });
  } catch (error) {
    process.send?.({ failure: describe(error) });
  }
});

/** @param {unknown} error */
function describe(error) {
  const isAdapterError = isLockError(error) && error instanceof LOCK_ERRORS.Adapter;
  return error instanceof Error
    ? { isAdapterError, name: error.name, code: "code" in error ? error.code : undefined, message: error.message }
    : { isAdapterError, name: typeof error, code: undefined, message: String(error) };
}

/**
 * Takes all the room that is left on a disk.
 *
 * @param {string} file
 */
function fill(file) {
  for (let size = 65_536; size >= 1; size /= 2) {
    try {
      for (;;) {
        writeFileSync(file, Buffer.alloc(size), { flag: "a" });
      }
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) {
        throw error;
      }
    }
  }
}
