// Holds a lock that is kept alive and does with its event loop what the second argument says. What becomes of the lock is
// told in messages.

import { setTimeout } from "node:timers/promises";
import { LockProvider, Namespace, TimeSpan } from "holdfast";
import { guardRedisSet } from "holdfast/fence";
import { Redis } from "ioredis";

const [url = "", scenario = "", name = "", redisUrl = ""] = process.argv.slice(2);
/** Four ttls. */
const BLOCKED = 32_000;
/** A renewal that is to be answered in time may come five seconds late on a busy machine. */
const ttl = TimeSpan.fromSeconds(8);
const keepAlive = scenario === "stalls" ? { maxEventLoopStall: TimeSpan.fromSeconds(3) } : true;

const provider = new LockProvider({ adapter: url, namespace: new Namespace(name) });
const lock = provider.create("key", { ttl, keepAlive });
/** @type {import("holdfast").LockLoss[]} */
const losses = [];
let lostAt = 0;
await provider.addListener("LOST", ({ reason }) => {
  losses.push(reason);
});
await lock.acquireOrFail();
const { fence, signal } = lock;
signal?.addEventListener("abort", () => {
  lostAt = Date.now();
});
process.send?.("holding");

if (scenario === "is stopped") {
  const client = new Redis(redisUrl);
  while (!signal?.aborted) {
    await setTimeout(5);
  }
  const isWritten = await guardRedisSet(client, `${name}:data`, "written by whoever was overtaken", fence ?? 0n);
  client.disconnect();
  process.send?.({ losses, lostAt, isWritten, isReleased: await lock.release() });
} else if (scenario === "is kept") {
  // Until it is told; then it has nothing more to do.
  process.once("message", () => process.disconnect());
} else {
  // Not by counting up: the processor is left to the tests beside this one.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED);
  // What the engine has said meanwhile is heard now: between two timers, as a loop that is late runs the first before it
  // hears anything.
  await setTimeout(1);
  await setTimeout(100);
  process.send?.({ losses, state: lock.state, isReleased: await lock.release() });
}
