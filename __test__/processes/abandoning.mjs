// Worker threads wait for a key and are terminated; after that the key is to be had as if they had never been.

import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { LockProvider, TimeSpan } from "holdfast";

const [url = ""] = process.argv.slice(2);
const THREADS = 5;
const WAITERS = 10;
const patient = { time: TimeSpan.fromMinutes(10), interval: TimeSpan.fromMilliseconds(50) };
const provider = new LockProvider({ adapter: url, defaultTtl: null });

if (isMainThread) {
  const holder = provider.create("key");
  await holder.acquireOrFail();
  for (let thread = 0; thread < THREADS; thread += 1) {
    const worker = new Worker(new URL(import.meta.url), { argv: [url] });
    await once(worker, "message");
    await worker.terminate();
  }
  const own = Array.from({ length: WAITERS }, () =>
    provider.create("key").runBlockingOrFail(() => "served", { ...patient, time: TimeSpan.fromMinutes(2) }),
  );
  await holder.releaseOrFail();
  await Promise.all(own);
  if (!(await provider.create("key").acquire())) {
    throw new Error("The key is held by nobody who is there");
  }
} else {
  for (let waiter = 0; waiter < WAITERS; waiter += 1) {
    provider.create("key").acquireBlocking(patient).defer();
  }
  // Long enough for all to have tried, and to be in line.
  setTimeout(() => parentPort?.postMessage("waiting"), 100);
}
