import { RedisLockAdapter } from "../../dist/lock/adapters/index.js";
import { LockProvider } from "../../dist/lock/index.js";
import { openLocks } from "../locks.mjs";

export const name = "holdfast";
export const backend = "redis";
export const role = "ours";

export function open(keys, _folder, url) {
  const adapter = new RedisLockAdapter({ url: url });
  const provider = new LockProvider({ adapter });
  return openLocks(
    keys,
    (key) => provider.create(key),
    () => adapter.close(),
  );
}
