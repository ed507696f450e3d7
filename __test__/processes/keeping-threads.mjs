// Has a lock kept by somebody who is gone then, and prints what becomes of it.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { LockProvider, TimeSpan } from "holdfast";

const [url = "", scenario = "", name = randomUUID()] = process.argv.slice(2);
/** A renewal that is to be answered in time may come five seconds late on a busy machine. */
const ttl = TimeSpan.fromSeconds(8);
const LONGER = 10_000;

async function keep() {
  await new LockProvider({ adapter: url }).create(name, { ttl, keepAlive: true }).acquireOrFail();
}

/** @param {boolean} isHeld */
function print(isHeld) {
  console.log(isHeld ? "held" : "free");
}

if (!isMainThread) {
  await keep();
  parentPort?.postMessage("held");
  // Until it is terminated.
  setInterval(() => undefined, 1_000);
} else {
  const provider = new LockProvider({ adapter: url });
  const rival = provider.create(name, { ttl: TimeSpan.fromSeconds(10) });
  if (scenario === "a thread that is terminated") {
    const worker = new Worker(new URL(import.meta.url), { argv: [url, scenario, name] });
    await once(worker, "message");
    await setTimeout(LONGER);
    print(await rival.isLocked());
    await worker.terminate();
    print(!(await rival.acquireBlocking({ time: TimeSpan.fromMinutes(1) })));
    await rival.release();
  } else {
    await keep();
    for (let turn = 0; turn < LONGER / 500; turn += 1) {
      globalThis.gc?.();
      await setTimeout(500);
    }
    print(await rival.isLocked());
    await rival.forceRelease();
  }
  await provider.close();
}
