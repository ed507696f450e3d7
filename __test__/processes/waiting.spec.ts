// Those of several processes that wait for one key, over every database.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { halt } from "../../scripts/servers/halt.mjs";
import { LockProvider } from "../../ts/lock";
import { TimeSpan } from "../../ts/utilities";
import { type BackendAdapter, DATABASES, openAt, type Place } from "../lock/backends";
import { Child } from "./child";

type Section = readonly [asked: number, entered: number, left: number];

/** Most of the time goes by while processes start, each of which takes a second on a busy machine. */
const TIMEOUT = 180_000;
const PATIENT = { time: TimeSpan.fromMinutes(2), interval: TimeSpan.fromSeconds(1) };

describe.each(Object.entries(DATABASES))("processes that wait over %s", { timeout: TIMEOUT }, (_, makePlace) => {
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

  async function start(): Promise<Child> {
    const child = new Child("waiter.mjs", [JSON.stringify(place)], { talks: true });
    expect(await child.hear()).toBe("ready");
    return child;
  }

  /** Not where it keeps everybody else from the database, as in the middle of a transaction over SQLite. */
  async function haltBetweenTries(pid: number): Promise<void> {
    const lock = provider.create("another key");
    for (await halt(pid); !(await lock.acquire()); await halt(pid)) {
      process.kill(pid, "SIGCONT");
      await sleep(100);
    }
    await lock.releaseOrFail();
  }

  test("serve a hundred waiters without overlap, none of them very late", async () => {
    const children = await Promise.all([start(), start(), start(), start()]);
    const holder = provider.create("key");
    await holder.acquireOrFail();
    for (const child of children) {
      child.tell(["visit", 25]);
      expect(await child.hear()).toBe("waiting");
    }
    await sleep(500);
    await holder.releaseOrFail();
    const released = now();
    const sections = (await Promise.all(children.map((child) => child.hear()))) as Section[][];
    for (const ofOne of sections) {
      expect(ofOne).toHaveLength(25);
      expect(ofOne.map(([, entered]) => entered)).toEqual(ofOne.map(([, entered]) => entered).toSorted(ascending));
    }
    expectNoOverlap(sections.flat());
    const waits = sections.flat().map(([, entered]) => entered - released);
    const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
    console.log(`longest wait ${Math.max(...waits).toFixed(0)} ms, mean ${mean.toFixed(0)} ms`);
    expect(Math.max(...waits)).toBeLessThan(4 * mean + 2_000);
    await Promise.all(children.map((child) => child.dismiss()));
  });

  test("all have a share of a key that all want all the time", async () => {
    const children = await Promise.all([start(), start(), start()]);
    const end = now() + 4_000;
    for (const child of children) {
      child.tell(["visit", 2, end, 1]);
      expect(await child.hear()).toBe("waiting");
    }
    const sections = (await Promise.all(children.map((child) => child.hear()))) as Section[][];
    expectNoOverlap(sections.flat());
    const shares = sections.map((ofOne) => ofOne.length / sections.flat().length);
    const longest = Math.max(...sections.flat().map(([asked, entered]) => entered - asked));
    console.log(`shares ${shares.map((share) => share.toFixed(2)).join(", ")}, longest wait ${longest.toFixed(0)} ms`);
    // Chance has a part in it; without turns, one of them would have them all.
    expect(Math.min(...shares)).toBeGreaterThan(0.005);
    await Promise.all(children.map((child) => child.dismiss()));
  });

  test("one that is killed while it holds the key keeps it until its lease is over", async () => {
    const ttl = 2_000;
    const holder = await start();
    holder.tell(["hold", ttl]);
    const [before, after] = (await holder.hear()) as [number, number];
    const waiting = provider.create("key").acquireBlocking(PATIENT);
    const entered = waiting.then(() => now());
    await sleep(100);
    holder.kill();
    expect(await waiting).toBe(true);
    const at = await entered;
    console.log(`${(at - after - ttl).toFixed(0)} ms after the end of the lease`);
    // Leases are judged by a clock that tells the time of day, in whole milliseconds; it runs a little off the other.
    expect(at - before).toBeGreaterThan(ttl - 50);
    // Within seconds, and half a minute on a busy machine; not when all waiting is over.
    expect(at - after).toBeLessThan(ttl + 30_000);
    await provider.create("key").forceRelease();
  });

  test.each(["SIGSTOP", "SIGKILL"] as const)("one that waits and gets a %s delays nobody", async (signal) => {
    const [halted, other] = await Promise.all([start(), start()]);
    const holder = provider.create("key");
    await holder.acquireOrFail();
    halted.tell(["visit", 5]);
    expect(await halted.hear()).toBe("waiting");
    await sleep(200);
    other.tell(["visit", 5]);
    expect(await other.hear()).toBe("waiting");
    await sleep(200);
    // Until it stands still, it may be granted the key, and then has it for as long as its lease.
    if (signal === "SIGSTOP") {
      await haltBetweenTries(halted.pid);
    } else {
      process.kill(halted.pid, signal);
      await halted.ended;
    }
    // What it asked for last may be on its way still. If it came after the release, it would be granted the key as well.
    await sleep(1_000);
    const released = now();
    await holder.releaseOrFail();
    const sections = (await other.hear()) as Section[];
    expect(sections).toHaveLength(5);
    expect(Math.max(...sections.map(([, , left]) => left)) - released).toBeLessThan(20_000);
    await other.dismiss();
    if (signal === "SIGSTOP") {
      process.kill(halted.pid, "SIGCONT");
      expect(await halted.hear()).toHaveLength(5);
      await halted.dismiss();
    }
    await provider.create("key").acquireBlockingOrFail(PATIENT);
    await provider.create("key").forceRelease();
  });
});

function expectNoOverlap(sections: readonly Section[]): void {
  const inOrder = sections.toSorted(([, one], [, other]) => one - other);
  for (const [index, [, entered]] of inOrder.entries()) {
    expect(entered).toBeGreaterThanOrEqual(inOrder[index - 1]?.[2] ?? 0);
  }
}

function ascending(left: number, right: number): number {
  return left - right;
}

/** In milliseconds, on the clock that all processes of a host share. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
