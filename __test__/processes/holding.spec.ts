// Processes that hold a lock and cannot look after it: their event loop is blocked, they are stopped, they end.

import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { describe, type TestContext, test } from "vitest";
import { halt } from "../../scripts/servers/halt.mjs";
import { guardRedisSet } from "../../ts/fence";
import { LockProvider } from "../../ts/lock";
import { Namespace, TimeSpan } from "../../ts/utilities";
import { type Database, NETWORKED, SHARED } from "../faults/databases";
import { Child } from "./child";

/** Some of the processes are blocked for half a minute, and start slowly on a busy machine. */
const patience = { timeout: 180_000 };
const redisUrl = NETWORKED[0]?.url(() => undefined) ?? "";
const lazily = { time: TimeSpan.fromMinutes(1), interval: TimeSpan.fromMilliseconds(50) };

/** A process that holds, and the same key as this process sees it. */
async function scene(scenario: string, database: Database, { onTestFinished }: TestContext) {
  const [url, name] = [database.url(onTestFinished), randomUUID()];
  const child = new Child("holding.mjs", [url, scenario, name, redisUrl], { talks: true, onTestFinished });
  const provider = new LockProvider({ adapter: url, namespace: new Namespace(name) });
  const first = await child.hear();
  if (first !== "holding") {
    throw new Error(`The process said ${JSON.stringify(first)}`);
  }
  return { name, child, provider, rival: provider.create("key", { ttl: TimeSpan.fromMinutes(5) }) };
}

describe.concurrent("a process whose event loop is blocked for four ttls", patience, () => {
  test.for(SHARED)("holds its lock in $name throughout", async (database, context) => {
    const { child, provider, rival } = await scene("is blocked", database, context);
    let isOver = false;
    const word = child.hear().finally(() => {
      isOver = true;
    });
    let tries = 0;
    let grants = 0;
    // Until the process has released it.
    while (!isOver && grants === 0) {
      tries += 1;
      grants += (await rival.acquire()) ? 1 : 0;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    context.expect(await word).toEqual({ losses: [], state: "held", isReleased: true });
    context.expect(tries).toBeGreaterThan(5);
    // Granted, if at all, between the release and the word of it.
    await rival.release();
    await provider.close();
  });

  test.for(SHARED)("gives it up in $name if that is longer than it may be", async (database, context) => {
    const { child, provider, rival } = await scene("stalls", database, context);
    let hasSpoken = false;
    const word = child.hear().finally(() => {
      hasSpoken = true;
    });
    context.expect(await rival.acquireBlocking(lazily)).toBe(true);
    context.expect(hasSpoken).toBe(false);
    context.expect(await word).toEqual({ losses: ["stalled"], state: "lost", isReleased: false });
    context.expect(await rival.isLocked()).toBe(true);
    await rival.releaseOrFail();
    await provider.close();
  });
});

describe.concurrent("a process that is stopped for longer than its lease", patience, () => {
  test.for(SHARED)("is overtaken in $name, and knows it when it wakes", async (database, context) => {
    const { expect } = context;
    const { name, child, provider, rival } = await scene("is stopped", database, context);
    const client = new Redis(redisUrl);
    await halt(child.pid);
    expect(await rival.acquireBlocking(lazily)).toBe(true);
    const data = `${name}:data`;
    expect(await guardRedisSet(client, data, "written by the holder", rival.fence ?? 0n)).toBe(true);
    const wokenAt = Date.now();
    process.kill(child.pid, "SIGCONT");
    const word = (await child.hear()) as { lostAt: number };
    console.log(`${database.name}: the signal was aborted ${word.lostAt - wokenAt} ms after waking`);
    expect(word).toMatchObject({ losses: ["expired"], isWritten: false, isReleased: false });
    expect(word.lostAt - wokenAt).toBeLessThan(10_000);
    expect(await client.get(data)).toBe("written by the holder");
    expect(await rival.isLocked()).toBe(true);
    expect(await rival.release()).toBe(true);
    await client.del(data);
    client.disconnect();
    await provider.close();
  });
});

describe.concurrent("a process that keeps a lock", patience, () => {
  test.for(SHARED)("is not kept by it, and its lock in $name ends with its ttl", async (database, context) => {
    const { child, provider, rival } = await scene("is kept", database, context);
    // Longer than the lease that was granted, which is of eight seconds.
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    context.expect(await rival.acquire()).toBe(false);
    child.tell("end");
    context.expect(await child.ended).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    context.expect(await rival.acquireBlocking(lazily)).toBe(true);
    await rival.releaseOrFail();
    await provider.close();
  });
});

describe.concurrent("what is kept by somebody who is gone", patience, () => {
  test("is left to its end when its worker thread is terminated", async ({ expect, onTestFinished }) => {
    const child = new Child("keeping-threads.mjs", [redisUrl, "a thread that is terminated"], { onTestFinished });
    expect(await child.ended).toEqual({ code: 0, signal: null, stdout: "held\nfree\n", stderr: "" });
  });

  test("is held on when its provider and its lock are garbage", async ({ expect, onTestFinished }) => {
    const child = new Child("keeping-threads.mjs", [redisUrl, "objects that are garbage"], {
      nodeOptions: ["--expose-gc"],
      onTestFinished,
    });
    expect(await child.ended).toEqual({ code: 0, signal: null, stdout: "held\n", stderr: "" });
  });
});
