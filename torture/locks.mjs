// The locks of a worker: those of the library, or those of a build that is broken on purpose.

import { LockProvider, Namespace, TimeSpan } from "holdfast";
import { adapters } from "./adapters.mjs";
import { broken } from "./broken.mjs";

/**
 * What a worker needs of a lock; a `Lock` of the library has it.
 *
 * @typedef {Pick<import("holdfast").ILock,
 *   "key" | "id" | "fence" | "signal" | "acquire" | "acquireBlocking" | "refresh" | "release" | "forceRelease">} TorturedLock
 */

/**
 * @param {import("./crew.mjs").WorkerSettings} settings
 * @returns {Promise<{ create(key: string, settings?: import("holdfast").LockCreateSettings): TorturedLock }>}
 */
export async function makeLocks(settings) {
  const { adapter: name, target, ttl, build, folder } = settings;
  const provider = new LockProvider({
    adapter: await adapters[name].open(target),
    namespace: new Namespace(["torture"]),
    defaultTtl: TimeSpan.fromMilliseconds(ttl),
  });
  if (build === undefined) {
    return provider;
  }
  const breaking = broken[build];
  return { create: (key) => breaking.wrap({ provider, key, ttl, folder }) };
}
