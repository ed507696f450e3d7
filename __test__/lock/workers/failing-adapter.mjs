// An adapter of the application whose methods throw before they answer a promise.

import { LockProvider } from "holdfast";

/** @returns {never} */
const raise = () => {
  throw new Error("down");
};
const lock = new LockProvider({
  adapter: { acquire: raise, release: raise, forceRelease: raise, refresh: raise, getState: raise },
}).create("key");

/** @type {string[]} */
const failures = [];
for (const ask of [() => lock.acquire(), () => lock.release(), () => lock.forceRelease(), () => lock.refresh()]) {
  await ask().catch((error) => failures.push(error.message));
}
await lock.isLocked().catch((error) => failures.push(error.message));
console.log(failures.join() === "down,down,down,down,down" ? "failed" : failures);
