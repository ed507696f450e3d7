import { join } from "node:path";
import { SqliteLockAdapter } from "../../dist/lock/adapters/index.js";
import { openHoldfast } from "../holdfast.mjs";

export const name = "holdfast";
export const backend = "sqlite";
export const role = "ours";

export function open(keys, folder) {
  return openHoldfast(keys, new SqliteLockAdapter({ url: `sqlite:${join(folder, "holdfast.db")}` }));
}
