// One process of a fleet: takes the same lock again and again, with the class of one package or the other, and looks each
// time whether it is alone. Says in the end how often it was in, and whom it met there.

import { setTimeout as sleep } from "node:timers/promises";
import DistributedLock from "holdfast/distributed-lock";
import { openHandle } from "./handles.mjs";
import { StandIn } from "./stand-in.mjs";
import { enter } from "./witness.mjs";

const { kind, handle: handleName, file, table, witness, ttl, sleepMilliseconds } = JSON.parse(process.argv[2] ?? "");
const [client] = handleName.split(" ");
const handle = openHandle(handleName, file);
let isToStop = false;
let sections = 0;
/** @type {string[]} */
const met = [];

process.on("message", () => {
  isToStop = true;
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
void run();

async function run() {
  const params = { queryInterface: handle.queryInterface, client, lockTableName: table, lockTTLSeconds: ttl };
  const lock = kind === "stand-in" ? new StandIn("shared", params) : new DistributedLock("shared", params);
  while (!isToStop) {
    await lock.lock(section, { timeoutSeconds: 60, sleepMilliseconds });
    sections += 1;
    await sleep(Math.random() * 40);
  }
  await handle.close();
  process.send?.({ sections, met }, () => process.disconnect());
}

async function section() {
  const leave = enter(witness, met);
  await sleep(1 + Math.random() * 4);
  leave();
}
