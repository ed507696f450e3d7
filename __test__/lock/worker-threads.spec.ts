// The threads import the package as its users do, from dist/, because they cannot run TypeScript.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { MemoryLockAdapter } from "../../ts/lock/adapters";

/** Memory that all threads of a test see. */
interface Shared {
  readonly name: string;
  readonly counter: Int32Array;
}

let shared: Shared;
let workers: Worker[];

beforeEach(() => {
  shared = { name: randomUUID(), counter: new Int32Array(new SharedArrayBuffer(4)) };
  workers = [];
});

afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.terminate()));
});

function start(key = "key"): Worker {
  const worker = new Worker(join(__dirname, "workers", "lock-worker.mjs"), { workerData: { ...shared, key } });
  workers.push(worker);
  return worker;
}

/** Has a worker do something; fails with what it fails with. */
async function tell(worker: Worker, order: "acquire" | "release" | "count"): Promise<unknown> {
  worker.postMessage(order);
  const [answer] = await once(worker, "message");
  return answer;
}

test("threads exclude each other over a memory adapter of one name", async () => {
  const [first, second] = [start(), start()];
  expect(await tell(first, "acquire")).toBe(true);
  expect(await tell(second, "acquire")).toBe(false);
  expect(await tell(second, "release")).toBe(false);
  expect(await tell(first, "release")).toBe(true);
  expect(await tell(second, "acquire")).toBe(true);
});

test("the main thread and another exclude each other", async () => {
  const lock = new LockProvider({ adapter: new MemoryLockAdapter({ name: shared.name }) }).create("key");
  const worker = start();
  expect(await tell(worker, "acquire")).toBe(true);
  expect(await lock.acquire()).toBe(false);
  expect(await tell(worker, "release")).toBe(true);
  expect(await lock.acquire()).toBe(true);
  expect(await tell(worker, "acquire")).toBe(false);
});

test("a lock stays held when its thread ends", async () => {
  const lock = new LockProvider({ adapter: new MemoryLockAdapter({ name: shared.name }) }).create("key");
  const worker = start();
  expect(await tell(worker, "acquire")).toBe(true);
  await worker.terminate();
  expect(await lock.acquire()).toBe(false);
  expect(await lock.forceRelease()).toBe(true);
});

test("no addition is lost between threads that count under one lock", async () => {
  const counts = await Promise.all([start(), start()].map((worker) => tell(worker, "count")));
  expect(counts).toEqual([200, 200]);
  expect(shared.counter[0]).toBe(400);
});

test("the addon is loaded in the main thread and in four others at once", async () => {
  const lock = new LockProvider().create("key");
  const answers = await Promise.all([
    lock.acquire(),
    ...["first", "second", "third", "fourth"].map((key) => tell(start(key), "acquire")),
  ]);
  expect(answers).toEqual([true, true, true, true, true]);
});
