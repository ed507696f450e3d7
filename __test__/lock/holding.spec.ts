// Locks that are held, kept alive and lost, over every database.

import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import ts from "typescript";
import { describe, expect, it, type TestContext, test } from "vitest";
import { LockProvider, type LockProviderSettings } from "../../ts/lock";
import {
  ClosedLockError,
  type ILockAdapter,
  LOCK_EVENTS,
  LockLostError,
  type LostLockEvent,
} from "../../ts/lock/contracts";
import { Namespace, TimeSpan } from "../../ts/utilities";
import { ALL, type Database } from "../faults/databases";
import { eventually } from "../faults/eventually";
import { MapLockAdapter } from "./map-lock-adapter";

const patience = { timeout: 120_000 };
const often = { every: TimeSpan.fromMilliseconds(100) };
const minutes = TimeSpan.fromMinutes(10);
/** Of leases that are to be renewed in time by a busy machine. */
const ttl = TimeSpan.fromSeconds(10);
const lazily = { time: TimeSpan.fromMinutes(1), interval: TimeSpan.fromMilliseconds(50) };

/** Providers over one database, and a namespace of the test's own. */
function scene(database: Database, { onTestFinished }: TestContext) {
  const adapter = database.url(onTestFinished);
  const namespace = new Namespace(randomUUID());
  const open = (settings: LockProviderSettings = {}) => {
    const provider = new LockProvider({ adapter, namespace, ...settings });
    onTestFinished(() => provider.close());
    return provider;
  };
  return { open, near: open({ keepAlive: often, defaultTtl: minutes }), far: open({ defaultTtl: minutes }) };
}

async function lossesOf(provider: LockProvider): Promise<LostLockEvent[]> {
  const losses: LostLockEvent[] = [];
  await provider.addListener(LOCK_EVENTS.LOST, (loss) => {
    losses.push(loss);
  });
  return losses;
}

describe.concurrent.for(ALL)("over $name", patience, (database) => {
  test("a lock that is kept outlives its ttl by the same grant", async (context) => {
    const { near, far } = scene(database, context);
    const lock = near.create("key", { ttl, keepAlive: true });
    await lock.acquireOrFail();
    const { fence } = lock;
    await setTimeout(13_000);
    expect(await far.create("key").acquire()).toBe(false);
    expect([lock.state, lock.fence]).toEqual(["held", fence]);
    expect(await lock.release()).toBe(true);
    expect([lock.state, lock.signal, lock.fence]).toEqual([null, null, null]);
  });

  test("a lock that was waited for is kept from the instant it is granted", async (context) => {
    const { near, far } = scene(database, context);
    const holder = far.create("key");
    await holder.acquireOrFail();
    const lock = near.create("key", { ttl, keepAlive: true });
    const granted = lock.acquireBlocking(lazily).then((answer) => answer);
    await setTimeout(100);
    await holder.releaseOrFail();
    expect(await granted).toBe(true);
    await setTimeout(13_000);
    expect(await holder.acquire()).toBe(false);
    expect(lock.state).toBe("held");
    expect(await lock.release()).toBe(true);
  });

  test("a refresh or a renewal that races a release leaves nothing held and reports no loss", async (context) => {
    const { near, far } = scene(database, context);
    const losses = await lossesOf(near);
    const lock = near.create("key", { keepAlive: { every: TimeSpan.fromMilliseconds(1) } });
    const rival = far.create("key");
    for (let round = 0; round < 20; round += 1) {
      await lock.acquireOrFail();
      await setTimeout(round % 4);
      const [, released] = await Promise.all([lock.refresh(minutes), lock.release()]);
      expect(released).toBe(true);
      expect(await rival.acquire()).toBe(true);
      await rival.releaseOrFail();
    }
    expect(losses).toEqual([]);
  });

  test("a renewal after the key was taken by another prolongs nothing and frees nothing", async (context) => {
    const { near, far } = scene(database, context);
    const losses = await lossesOf(near);
    // Connected, so that the key changes hands between two renewals.
    await far.create("another key").isLocked();
    const lock = near.create("key", { keepAlive: { every: TimeSpan.fromSeconds(3) } });
    await lock.acquireOrFail();
    const { fence, signal } = lock;
    const rival = far.create("key", { ttl: TimeSpan.fromMinutes(2) });
    await rival.forceRelease();
    await rival.acquireOrFail();
    await eventually(() => lock.state === "lost");
    expect(losses).toEqual([{ key: "key", owner: lock.id, fence, reason: "stolen" }]);
    expect(signal?.reason).toBeInstanceOf(LockLostError);
    expect(signal?.reason).toMatchObject({ reason: "stolen", key: "key", owner: lock.id });
    expect(await lock.release()).toBe(false);
    expect((await rival.getRemainingTime())?.toMinutes()).toBeLessThanOrEqual(2);
    expect(await rival.release()).toBe(true);
  });

  test("a renewal never revives a lock that was released by force", async (context) => {
    const { near, far } = scene(database, context);
    const lock = near.create("key");
    await lock.acquireOrFail();
    await far.create("key").forceRelease();
    await eventually(() => lock.state === "lost");
    expect(lock.signal?.reason).toMatchObject({ reason: "forced" });
    expect(await lock.isLocked()).toBe(false);
  });

  test("a lock that was lost can be acquired anew, with a signal of its own", async (context) => {
    const { near, far } = scene(database, context);
    const losses = await lossesOf(near);
    const lock = near.create("key");
    await lock.acquireOrFail();
    const { fence } = lock;
    await far.create("key").forceRelease();
    await lock.acquireOrFail();
    await eventually(() => losses.length > 0);
    // The loss is that of the grant before.
    expect(losses).toMatchObject([{ fence }]);
    expect(lock.state).toBe("held");
    expect(lock.signal?.aborted).toBe(false);
    expect(await lock.release()).toBe(true);
  });

  test("a lock that is refreshed by hand to end sooner is renewed before it does", async (context) => {
    const { near, far } = scene(database, context);
    const lock = near.create("key", { keepAlive: true });
    await lock.acquireOrFail();
    expect(await lock.refresh(ttl)).toBe(true);
    await setTimeout(13_000);
    expect(await far.create("key").acquire()).toBe(false);
    expect(await lock.release()).toBe(true);
  });

  test("a lock is lost when it was kept for as long as it may be, and ends with its ttl", async (context) => {
    const { near, far } = scene(database, context);
    const lock = near.create("key", {
      ttl,
      keepAlive: { maxHold: TimeSpan.fromMilliseconds(1_500) },
    });
    await lock.acquireOrFail();
    await eventually(() => lock.state === "lost");
    expect(lock.signal?.reason).toMatchObject({ reason: "maxHold" });
    expect(await far.create("key").acquireBlocking(lazily)).toBe(true);
  });

  test("fences grow through random histories of all verbs and new connections", async (context) => {
    const { open } = scene(database, context);
    const [mine, theirs] = [open({ defaultTtl: TimeSpan.fromMilliseconds(30) }), open({ defaultTtl: minutes })];
    let last = 0n;
    let grants = 0;
    for (let turn = 0; turn < 150; turn += 1) {
      const provider = turn % 50 === 49 ? open() : turn % 3 === 0 ? mine : theirs;
      const lock = provider.create("key");
      if (await lock.acquire()) {
        grants += 1;
        expect(lock.fence).toBeGreaterThan(last);
        last = lock.fence as bigint;
      }
      const step = Math.floor(Math.random() * 4);
      if (step === 0) {
        await lock.release();
      } else if (step === 1) {
        await lock.forceRelease();
      } else if (step === 2) {
        await lock.refresh(TimeSpan.fromMilliseconds(10));
      } else {
        await setTimeout(10);
      }
    }
    expect(grants).toBeGreaterThan(10);
  });

  test("closing a provider lets a function finish in the time it is given", async (context) => {
    const { near, far } = scene(database, context);
    const steps: string[] = [];
    const running = near.create("key").runOrFail(async ({ signal }) => {
      steps.push("begun");
      await setTimeout(500);
      steps.push(signal.aborted ? "aborted" : "finished");
    });
    const ended = running.then(() => undefined);
    await eventually(() => steps.length > 0);
    await near.close({ drain: minutes });
    steps.push("closed");
    await ended;
    expect(steps).toEqual(["begun", "finished", "closed"]);
    expect(await far.create("key").acquire()).toBe(true);
  });

  test("closing a provider takes from those who do not finish, and grants nothing any more", async (context) => {
    const { near, far } = scene(database, context);
    const losses = await lossesOf(near);
    const kept = near.create("kept");
    await kept.acquireOrFail();
    const rival = far.create("waited for");
    await rival.acquireOrFail();
    const waiting = near
      .create("waited for")
      .acquireBlocking(lazily)
      .then(
        () => "granted",
        (error: unknown) => error,
      );
    let isRunning = false;
    const aborted = near
      .create("run")
      .runOrFail(({ signal }) => {
        isRunning = true;
        return new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));
      })
      .then((reason) => reason);
    await eventually(() => isRunning);
    await near.close();
    expect(await waiting).toBeInstanceOf(ClosedLockError);
    expect(await aborted).toMatchObject({ reason: "closed" });
    expect(kept.state).toBe("lost");
    expect(losses.map(({ reason }) => reason)).toEqual(["closed", "closed"]);
    await expect(near.create("another").acquire()).rejects.toThrow(ClosedLockError);
    for (const key of ["kept", "run"]) {
      expect(await far.create(key).acquire(), key).toBe(true);
    }
  });

  test("await using releases at the end of the block", async (context) => {
    const { near, far } = scene(database, context);
    const text =
      "exports.hold = async (provider) => { await using lock = await provider.acquire('key'); return await lock.isLocked(); }";
    const { outputText } = ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
    const module: { hold?: (provider: LockProvider) => Promise<boolean> } = {};
    new Function("exports", outputText)(module);
    expect(await module.hold?.(near)).toBe(true);
    expect(await far.create("key").isLocked()).toBe(false);
  });
});

describe("a grant that arrives when its lease is over", () => {
  /** An adapter whose grants take longer than they last. */
  class SlowAdapter extends MapLockAdapter {
    override async acquire(...request: Parameters<ILockAdapter["acquire"]>): Promise<boolean> {
      const isAcquired = await super.acquire(...request);
      await setTimeout(200);
      return isAcquired;
    }
  }
  const ttl = TimeSpan.fromMilliseconds(50);

  it("is refused if it is to be kept", async () => {
    const lock = new LockProvider({ adapter: new SlowAdapter(new Map()) }).create("key", { ttl, keepAlive: true });
    expect(await lock.acquire()).toBe(false);
    expect([lock.state, lock.fence]).toEqual([null, null]);
  });

  it("is lost at once if it is not", async () => {
    const lock = new LockProvider({ adapter: new SlowAdapter(new Map()) }).create("key", { ttl });
    expect(await lock.acquire()).toBe(true);
    await eventually(() => lock.state === "lost");
    expect(lock.signal?.reason).toMatchObject({ reason: "expired" });
  });
});

describe("a release that fails", () => {
  it("rejects, ends the renewal, and calls the lock held no longer than it was granted for", async () => {
    class BrokenAdapter extends MapLockAdapter {
      override async release(): Promise<boolean> {
        throw new Error("down");
      }
    }
    const ttl = TimeSpan.fromSeconds(3);
    const lock = new LockProvider({ adapter: new BrokenAdapter(new Map()) }).create("key", { ttl, keepAlive: true });
    await lock.acquireOrFail();
    await expect(lock.release()).rejects.toThrow("down");
    await eventually(() => lock.state === "lost");
    await eventually(async () => !(await lock.isLocked()));
  });
});

describe("closing", () => {
  it("does not fail because the adapter was closed before", async () => {
    const { MemoryLockAdapter } = await import("../../ts/lock/adapters");
    const adapter = new MemoryLockAdapter();
    const provider = new LockProvider({ adapter, keepAlive: true });
    await provider.create("key").acquireOrFail();
    await adapter.close();
    await provider.close();
  });

  it("undoes a grant that arrives afterwards", async () => {
    const adapter = new MapLockAdapter(new Map());
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const acquire = adapter.acquire.bind(adapter);
    adapter.acquire = async (...request) => {
      const isAcquired = await acquire(...request);
      await gate;
      return isAcquired;
    };
    const provider = new LockProvider({ adapter, keepAlive: true });
    const acquired = provider
      .create("key")
      .acquire()
      .then(
        (answer) => answer,
        (error: unknown) => error,
      );
    await setTimeout(20);
    await provider.close();
    open();
    expect(await acquired).toBeInstanceOf(ClosedLockError);
    await eventually(async () => !(await new LockProvider({ adapter }).create("key").isLocked()));
  });
});
