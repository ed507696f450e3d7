// Our own locks as a subject, over whatever adapter.

import { LockProvider } from "../dist/lock/index.js";
import { openLocks } from "./locks.mjs";

/**
 * @param {string[]} keys
 * @param {import("../dist/lock/contracts/index.js").ILockAdapter & { close(): Promise<void> }} adapter closed at the end
 * @returns {import("./subjects.mjs").Opened}
 */
export function openHoldfast(keys, adapter) {
  const provider = new LockProvider({ adapter });
  return openLocks(
    keys,
    (key) => provider.create(key),
    () => adapter.close(),
  );
}
