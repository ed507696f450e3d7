// Those who wait, in the process of the benchmark and in others. As a program it does what it is told by messages.

import { pathToFileURL } from "node:url";
import * as holdfast from "../../index.js";

/** @type {Record<string, any>} */
const adapters = holdfast;
const minutes = holdfast.TimeSpan.fromMinutes(10);
export const patient = { time: minutes, interval: holdfast.TimeSpan.fromSeconds(1) };

/** In milliseconds, on the clock that all processes of a host share. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** @param {import("./places.mjs").Place} place */
export function open({ adapter: name, settings }) {
  const adapter = new adapters[name](settings);
  return { adapter, provider: new holdfast.LockProvider({ adapter, defaultTtl: minutes }) };
}

/**
 * So many wait at once for a key, and have an empty section each.
 *
 * @returns {Promise<[entered: number, left: number][]>}
 */
export function visit(provider, count) {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const lock = provider.create("key");
      await lock.acquireBlockingOrFail(patient);
      const entered = now();
      const left = now();
      await lock.releaseOrFail();
      return [entered, left];
    }),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { adapter, provider } = open(JSON.parse(process.argv[2]));
  await adapter.init();
  process.on("message", async ([order, argument]) => {
    if (order === "visit") {
      const visits = visit(provider, argument);
      process.send("waiting");
      process.send(await visits);
    } else {
      const lock = provider.create("key", { ttl: holdfast.TimeSpan.fromMilliseconds(argument) });
      await lock.acquireOrFail();
      process.send(now());
    }
  });
  process.send("ready");
}
