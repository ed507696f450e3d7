import { PostgresLockAdapter } from "../../dist/lock/adapters/index.js";
import { LockProvider } from "../../dist/lock/index.js";
import { openLocks } from "../locks.mjs";

export const name = "holdfast";
export const backends = ["postgres", "postgres-asynchronous"];
export const role = "ours";

export function open(keys, _folder, url) {
  const adapter = new PostgresLockAdapter({ url });
  const provider = new LockProvider({ adapter });
  return openLocks(
    keys,
    (key) => provider.create(key),
    () => adapter.close(),
  );
}
