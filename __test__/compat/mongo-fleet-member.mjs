// One process of a fleet: takes the same lock again and again, with the package mongo-distributed-locks or its drop-in,
// and looks each time whether it is alone. Says in the end how often it was in, and whom it met there.

import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { enter } from "./witness.mjs";

const { kind, url, witness } = JSON.parse(process.argv[2] ?? "");
const require = createRequire(import.meta.url);
// The replaced package brings its own Mongoose, which connects in the way of its time.
const isReplaced = kind === "mongo-distributed-locks";
const requireThere = isReplaced ? createRequire(require.resolve("mongo-distributed-locks")) : require;
const mongoose = requireThere("mongoose");
const DLocks = isReplaced ? require("mongo-distributed-locks") : require("holdfast/mongo-distributed-locks");
let isToStop = false;
let sections = 0;
/** @type {string[]} */
const met = [];

process.noDeprecation = true;
process.on("message", () => {
  isToStop = true;
});
process.on("disconnect", () => process.exit());
void run();

async function run() {
  await mongoose.connect(url, isReplaced ? { useNewUrlParser: true, useUnifiedTopology: true } : {});
  process.send?.("ready");
  while (!isToStop) {
    await DLocks.exec({ resource: "shared", id: 1, fn: section });
    sections += 1;
    await sleep(Math.random() * 40);
  }
  await mongoose.disconnect();
  process.send?.({ sections, met }, () => process.disconnect());
}

async function section() {
  const leave = enter(witness, met);
  await sleep(1 + Math.random() * 4);
  leave();
}
