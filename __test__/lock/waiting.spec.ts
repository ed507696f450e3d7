// Those of one process that wait for a key, over every adapter.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { LOCK_EVENTS, type LockBlockingSettings } from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";
import { BACKENDS, type BackendAdapter, openAt, type Place } from "./backends";

/** Longer than any test. */
const PATIENT: LockBlockingSettings = { time: TimeSpan.fromMinutes(10), interval: TimeSpan.fromSeconds(1) };

describe.each(Object.entries(BACKENDS))("waiting over %s", (name, makePlace) => {
  let place: Place;
  let adapter: BackendAdapter;
  let provider: LockProvider;

  beforeEach(async () => {
    place = makePlace();
    adapter = openAt(place);
    await adapter.init();
    provider = new LockProvider({ adapter, defaultTtl: null });
  });

  afterEach(async () => {
    await adapter.deInit();
    await adapter.close();
  });

  /** Waits for `key`, and notes when it has it. */
  async function visit(served: number[], number: number, settings = PATIENT): Promise<void> {
    const lock = provider.create("key");
    expect(await lock.acquireBlocking(settings)).toBe(true);
    served.push(number);
    expect(await lock.release()).toBe(true);
  }

  test("a hundred are served in the order they came, one after the other", async () => {
    const holder = provider.create("key");
    await holder.acquireOrFail();
    const served: number[] = [];
    const visits = Array.from({ length: 100 }, (_, number) => visit(served, number));
    await sleep(50);
    const late = visit(served, 100);
    await holder.releaseOrFail();
    await Promise.all([...visits, late]);
    expect(served).toEqual(Array.from({ length: 101 }, (_, number) => number));
    expect(await provider.create("key").isLocked()).toBe(false);
  });

  test("whoever asks again behind others comes behind them", async () => {
    const served: number[] = [];
    const visitOften = async (number: number) => {
      for (let time = 0; time < 10; time += 1) {
        await visit(served, number);
      }
    };
    await Promise.all([0, 1, 2, 3].map(visitOften));
    expect(served).toEqual(Array.from({ length: 40 }, (_, turn) => turn % 4));
  });

  test("half of them are aborted while the key changes hands", async () => {
    const reason = new Error("enough");
    const holder = provider.create("key");
    await holder.acquireOrFail();
    const served: number[] = [];
    const delays: number[] = [];
    const visits = Array.from({ length: 200 }, async (_, number) => {
      if (number % 2 === 0) {
        return visit(served, number);
      }
      const controller = new AbortController();
      const waiting = provider.create("key").acquireBlocking({ ...PATIENT, signal: controller.signal });
      let aborted = 0;
      setTimeout(() => {
        aborted = performance.now();
        controller.abort(reason);
      }, Math.random() * 60);
      try {
        expect(await waiting).toBe(true);
      } catch (error) {
        expect(error).toBe(reason);
        delays.push(performance.now() - aborted);
        return;
      }
      // It came through before.
      served.push(number);
      await provider.create("key").forceRelease();
    });
    await sleep(20);
    await holder.releaseOrFail();
    await Promise.all(visits);
    expect(served).toEqual(served.toSorted((left, right) => left - right));
    expect(served.filter((number) => number % 2 === 0)).toHaveLength(100);
    expect(delays.length).toBeGreaterThan(0);
    expect(Math.max(...delays)).toBeLessThan(5_000);
    await provider.create("key").acquireBlockingOrFail(PATIENT);
    await provider.create("key").forceRelease();
  });

  test("no time is one try, with company as well", async () => {
    const holder = provider.create("key");
    await holder.acquireOrFail();
    let refusals = 0;
    await provider.addListener(LOCK_EVENTS.UNAVAILABLE, () => {
      refusals += 1;
    });
    const once = { time: TimeSpan.fromMilliseconds(0) };
    expect(await provider.create("key").acquireBlocking(once)).toBe(false);
    expect(refusals).toBe(1);
    const served: number[] = [];
    const company = visit(served, 0);
    expect(await provider.create("key").acquireBlocking(once)).toBe(false);
    await holder.releaseOrFail();
    await company;
    expect(await provider.create("key").acquireBlocking(once)).toBe(true);
    await provider.create("key").forceRelease();
  });

  test("whoever comes with an aborted signal has tried nothing", async () => {
    const reason = new Error("too late");
    const settings = { ...PATIENT, signal: AbortSignal.abort(reason) };
    await expect(provider.create("key").acquireBlocking(settings)).rejects.toBe(reason);
    expect(await provider.create("key").isLocked()).toBe(false);
  });

  test("whoever is aborted after the first try, at whatever step, does not wait", async () => {
    const reason = new Error("enough");
    await provider.create("key").acquireOrFail();
    for (let steps = 0; steps < 40; steps += 1) {
      const controller = new AbortController();
      const waiting = provider.create("key").acquireBlocking({ ...PATIENT, signal: controller.signal });
      const aborted = expect(waiting).rejects.toBe(reason);
      // It is answered together with the first try of the other.
      await provider.create("key").acquire();
      for (let step = 0; step < steps; step += 1) {
        await undefined;
      }
      controller.abort(reason);
      await aborted;
    }
    await provider.create("key").forceRelease();
  });

  test("whoever gives up after a time leaves the key to those who stay", async () => {
    const holder = provider.create("key");
    await holder.acquireOrFail();
    const hurried = Array.from({ length: 20 }, (_, number) =>
      provider.create("key").acquireBlocking({ time: TimeSpan.fromMilliseconds(20 + number) }),
    );
    const served: number[] = [];
    const staying = visit(served, 0);
    expect(await Promise.all(hurried)).toEqual(hurried.map(() => false));
    await holder.releaseOrFail();
    await staying;
    expect(await provider.create("key").isLocked()).toBe(false);
  });

  test("closing the adapter answers everybody", async () => {
    const holder = provider.create("key", { ttl: TimeSpan.fromMinutes(1) });
    await holder.acquireOrFail();
    const waiting = Array.from({ length: 20 }, () => provider.create("key").acquireBlocking(PATIENT));
    const outcomes = Promise.allSettled(waiting);
    await sleep(20);
    await adapter.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "LOCK_CLOSED" } });
    }
    adapter = openAt(place);
    expect(await new LockProvider({ adapter }).create("key").forceRelease()).toBe(name !== "memory");
  });

  test("a thousand on a held key cost little", async () => {
    const holder = provider.create("key");
    await holder.acquireOrFail();
    const controller = new AbortController();
    const settings = { ...PATIENT, signal: controller.signal };
    const waiting = Array.from({ length: 1000 }, () => provider.create("key").acquireBlocking(settings));
    const outcomes = Promise.allSettled(waiting);
    await sleep(1_000);
    const [begun, before] = [performance.now(), process.cpuUsage()];
    await sleep(2_000);
    const { user, system } = process.cpuUsage(before);
    const elapsed = performance.now() - begun;
    controller.abort();
    await outcomes;
    await holder.releaseOrFail();
    // Of one core. It is a percent or two; everything that goes on in this process counts.
    expect((user + system) / 1_000 / elapsed).toBeLessThan(0.4);
  });
});
