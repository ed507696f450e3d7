// Many wait for a key that goes from hand to hand, and half of them change their minds.

import { randomInt } from "node:crypto";
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { TimeSpan } from "../../ts/utilities";
import { BACKENDS, openAt, type Place } from "./backends";

const COUNT = 1_000;
const LEAVING = 500;
const patience = { timeout: 180_000 };
const wait = { time: TimeSpan.fromHours(1), interval: TimeSpan.fromSeconds(1) };

/** Set to repeat what a failure was found with. */
const seed = Number(process.env.HOLDFAST_SEED ?? randomInt(2 ** 31));

/** mulberry32: numbers from 0 to 1 that a seed repeats. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Which of so many, in no order. */
function draw(count: number, of: number, random: () => number): number[] {
  const drawn = new Set<number>();
  while (drawn.size < count) {
    drawn.add(Math.floor(random() * of));
  }
  return [...drawn];
}

describe.each(Object.entries(BACKENDS))("those who give up over %s", patience, (_, makePlace: () => Place) => {
  test(`are ${LEAVING} of ${COUNT}, end at once with their reasons, and the others are served in order (seed ${seed})`, async () => {
    const [random, randomOfVisits] = [randomFrom(seed), randomFrom(seed + 1)];
    const adapter = openAt(makePlace());
    await adapter.init();
    const provider = new LockProvider({ adapter, defaultTtl: null });
    const holder = provider.create("key");
    await holder.acquireOrFail();

    const controllers = Array.from({ length: COUNT }, () => new AbortController());
    const served: number[] = [];
    /** With how many milliseconds went by between the abort and the end of the wait. */
    const left = new Map<number, { reason: unknown; late: number }>();
    const aborted = new Map<number, number>();
    let inside = 0;
    const visits = controllers.map(async ({ signal }, number) => {
      const lock = provider.create("key");
      try {
        expect(await lock.acquireBlocking({ ...wait, signal })).toBe(true);
      } catch (reason) {
        left.set(number, { reason, late: performance.now() - (aborted.get(number) ?? Number.NaN) });
        return;
      }
      inside += 1;
      expect(inside).toBe(1);
      served.push(number);
      // One that has the key cannot give up any more; others do meanwhile.
      await (randomOfVisits() < 0.2 ? setTimeout(randomOfVisits() * 5) : undefined);
      inside -= 1;
      expect(await lock.release()).toBe(true);
    });
    const aborting = (async () => {
      for (const number of draw(LEAVING, COUNT, random)) {
        if (random() < 0.5) {
          await setTimeout(random() * 4);
        }
        aborted.set(number, performance.now());
        controllers[number]?.abort(`reason ${number}`);
      }
    })();
    await setTimeout(random() * 300);
    await holder.releaseOrFail();
    await Promise.all([...visits, aborting]);

    expect(served).toEqual(served.toSorted((one, other) => one - other));
    expect(served.length + left.size).toBe(COUNT);
    for (const [number, { reason }] of left) {
      expect(reason).toBe(`reason ${number}`);
    }
    // Those who were served before they were told to leave are the only ones that did not leave.
    const isServed = new Set(served);
    for (const number of controllers.keys()) {
      expect(isServed.has(number)).toBe(!left.has(number));
    }
    expect(left.size).toBeGreaterThan(0);
    const latest = Math.max(...[...left.values()].map(({ late }) => late));
    console.log(`${left.size} left, the latest of them ${latest.toFixed(1)} ms after it was told`);
    expect(latest).toBeLessThan(10_000);
    expect(await provider.create("key").isLocked()).toBe(false);
    expect(await provider.create("key").acquire()).toBe(true);
    await adapter.close();
  });
});
