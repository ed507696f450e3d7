// When the blocking methods try, by a clock that stands still unless it is told to go on.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LockProvider, type LockProviderSettings } from "../../ts/lock";
import { type ILock, LOCK_EVENTS, type LockBlockingSettings } from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";

const seconds = (count: number) => TimeSpan.fromSeconds(count);

/** A lock on a key that another holds without an end, and the times of its refusals in seconds. */
async function contend(settings: LockProviderSettings = {}) {
  const provider = new LockProvider(settings);
  const [lock, rival] = [provider.create("key"), provider.create("key", { ttl: null })];
  const begun = performance.now();
  const refusals: number[] = [];
  await rival.acquire();
  await provider.addListener(LOCK_EVENTS.UNAVAILABLE, () => {
    refusals.push((performance.now() - begun) / 1000);
  });
  return { lock, rival, refusals };
}

/** Waits for the lock by the stopped clock, and tells what came of it and after how many seconds. */
async function watch(lock: ILock, settings?: LockBlockingSettings, meanwhile: [number, () => Promise<unknown>][] = []) {
  const begun = performance.now();
  const waiting = lock.acquireBlocking(settings).then((isAcquired) => ({
    isAcquired,
    took: (performance.now() - begun) / 1000,
  }));
  for (const [at, act] of meanwhile) {
    setTimeout(act, at * 1000);
  }
  await vi.runAllTimersAsync();
  return waiting;
}

describe("by a clock that is stopped", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  test("by default it tries for a minute, and tells of it every second", async () => {
    const { lock, refusals } = await contend();
    expect(await watch(lock)).toEqual({ isAcquired: false, took: 60 });
    expect(refusals).toEqual(Array.from({ length: 60 }, (_, second) => second));
  });

  test("the provider's defaults are used where nothing is given", async () => {
    const { lock, refusals } = await contend({
      defaultBlockingTime: seconds(10),
      defaultBlockingInterval: seconds(4),
    });
    expect(await watch(lock)).toEqual({ isAcquired: false, took: 10 });
    expect(refusals).toEqual([0, 4, 8]);
    expect(await watch(lock, { time: seconds(5) })).toEqual({ isAcquired: false, took: 5 });
    expect(await watch(lock, { interval: seconds(1) })).toEqual({ isAcquired: false, took: 10 });
    expect(refusals).toEqual([0, 4, 8, 10, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
  });

  test("no time is one try", async () => {
    const { lock, refusals } = await contend();
    expect(await watch(lock, { time: seconds(0) })).toEqual({ isAcquired: false, took: 0 });
    expect(refusals).toEqual([0]);
  });

  test.each([1, 5, 3600])("an interval of %d seconds does not outlast a time of one", async (interval) => {
    const { lock, refusals } = await contend();
    const outcome = await watch(lock, { time: seconds(1), interval: seconds(interval) });
    expect(outcome).toEqual({ isAcquired: false, took: 1 });
    expect(refusals).toEqual([0]);
  });

  test("an interval of nothing does not keep the event loop busy", async () => {
    const { lock, refusals } = await contend();
    const outcome = await watch(lock, { time: seconds(1), interval: seconds(0) });
    expect(outcome).toEqual({ isAcquired: false, took: 1 });
    expect(refusals.length).toBeLessThanOrEqual(1000);
  });

  test("a key that is released is acquired at once, whatever the interval", async () => {
    const { lock, rival, refusals } = await contend();
    const waiting = lock.acquireBlocking().then(Boolean);
    await vi.advanceTimersByTimeAsync(2500);
    await rival.release();
    expect(await waiting).toBe(true);
    expect(refusals).toEqual([0, 1, 2]);
  });

  test("a key that is released before the time is over is acquired, however long the interval is", async () => {
    const { lock, rival } = await contend();
    const waiting = lock.acquireBlocking({ time: seconds(10), interval: seconds(3600) }).then(Boolean);
    await vi.advanceTimersByTimeAsync(9000);
    await rival.release();
    expect(await waiting).toBe(true);
  });

  test("the wall clock does not matter", async () => {
    const { lock } = await contend();
    const outcome = await watch(lock, { time: seconds(10) }, [[5, async () => vi.setSystemTime(0)]]);
    expect(outcome).toEqual({ isAcquired: false, took: 10 });
  });

  test("run waits by the settings it is given", async () => {
    const { lock, refusals } = await contend();
    const begun = performance.now();
    const running = lock.runBlocking(() => "never", { time: seconds(3), interval: seconds(1) });
    const outcome = running.then(({ type }) => ({ type, took: (performance.now() - begun) / 1000 }));
    await vi.runAllTimersAsync();
    expect(await outcome).toEqual({ type: "failure", took: 3 });
    expect(refusals).toEqual([0, 1, 2]);
  });
});

test("a lease that ends is waited for, not the interval", async () => {
  const provider = new LockProvider();
  await provider.create("key", { ttl: TimeSpan.fromMilliseconds(50) }).acquire();
  const hours = TimeSpan.fromHours(10);
  expect(await provider.create("key").acquireBlocking({ time: hours, interval: hours })).toBe(true);
});
