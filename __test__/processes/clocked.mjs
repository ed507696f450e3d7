// A process whose clock is off. It keeps one adapter and asks of it what it is told to.

import { racingAdapters } from "./racing-adapters.mjs";

const [name = "", tableName = "", shift = "0"] = process.argv.slice(2);
const rightNow = Date.now;
const RightDate = Date;
Date.now = () => rightNow() + Number(shift);
globalThis.Date = /** @type {DateConstructor} */ (
  new Proxy(RightDate, {
    construct: (target, values) => Reflect.construct(target, values.length === 0 ? [Date.now()] : values),
  })
);

// After the clock was set, so that nothing has read it before.
const { TimeSpan } = await import("holdfast");
const adapter = racingAdapters[name]?.(tableName);
if (adapter === undefined) {
  throw new Error(`There is no adapter "${name}"`);
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
process.send?.("ready");
