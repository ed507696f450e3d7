// Terminates worker threads in the middle of their calls, as many as the second argument says, one after another. If the
// third says so, its own calls go on meanwhile.

import { once } from "node:events";
import { setImmediate as nextTurn, setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";

const [url = "", workers = "", own = ""] = process.argv.slice(2);
const LONGEST_DELAY = 10;

let isDone = false;
const going = own === "own calls" ? useLocks() : undefined;
for (let number = 0; number < Number(workers); number += 1) {
  const worker = new Worker(new URL("hammer.mjs", import.meta.url), { argv: [url, "500"] });
  const [word] = await once(worker, "message");
  if (word !== "hammering") {
    throw new Error(`The worker said ${word}`);
  }
  await setTimeout(Math.random() * LONGEST_DELAY);
  await worker.terminate();
}
isDone = true;
await going;

async function useLocks() {
  const { LockProvider } = await import("holdfast");
  const provider = new LockProvider({ adapter: url });
  let rounds = 0;
  while (!isDone || rounds === 0) {
    await provider.create("of the main thread").runOrFail(() => nextTurn());
    rounds += 1;
  }
}
