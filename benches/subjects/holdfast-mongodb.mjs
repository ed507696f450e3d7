import { MongodbLockAdapter } from "../../dist/lock/adapters/index.js";
import { openHoldfast } from "../holdfast.mjs";

export const name = "holdfast";
export const backend = "mongodb";
export const role = "ours";

export function open(keys, _folder, url) {
  return openHoldfast(keys, new MongodbLockAdapter({ url }));
}
