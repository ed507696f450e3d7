import { join } from "node:path";
import { SqliteLockAdapter } from "../../dist/lock/adapters/index.js";
import { LockProvider } from "../../dist/lock/index.js";
import { openLocks } from "../locks.mjs";

export const name = "holdfast";
export const backend = "sqlite";
export const role = "ours";

export function open(keys, folder) {
  const adapter = new SqliteLockAdapter({ url: `sqlite:${join(folder, "holdfast.db")}` });
  const provider = new LockProvider({ adapter });
  return openLocks(
    keys,
    (key) => provider.create(key),
    () => adapter.close(),
  );
}
