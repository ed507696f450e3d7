import { MemoryLockAdapter } from "../../dist/lock/adapters/index.js";
import { LockProvider } from "../../dist/lock/index.js";
import { openLocks } from "../locks.mjs";

export const name = "holdfast";
export const backend = "memory";
export const role = "ours";

export function open(keys) {
  const adapter = new MemoryLockAdapter();
  const provider = new LockProvider({ adapter });
  return openLocks(
    keys,
    (key) => provider.create(key),
    () => adapter.close(),
  );
}
