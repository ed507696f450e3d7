import { MemoryLockAdapter } from "../../dist/lock/adapters/index.js";
import { openHoldfast } from "../holdfast.mjs";

export const name = "holdfast";
export const backend = "memory";
export const role = "ours";

export function open(keys) {
  return openHoldfast(keys, new MemoryLockAdapter());
}
