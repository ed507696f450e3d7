// Whatever becomes of an event, the lock that it tells of is not affected. An unhandled rejection fails the run.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LazyPromise } from "../../ts/async";
import { EventBus } from "../../ts/event-bus";
import { MemoryEventBusAdapter, NoOpEventBusAdapter } from "../../ts/event-bus/adapters";
import type { IEventBus } from "../../ts/event-bus/contracts";
import { LockProvider } from "../../ts/lock";
import { LOCK_EVENTS, type LockEventMap } from "../../ts/lock/contracts";

const failure = new Error("of the bus");

function bus(flaw: Partial<Record<keyof IEventBus<LockEventMap>, unknown>>): IEventBus<LockEventMap> {
  return Object.assign(new EventBus<LockEventMap>({ adapter: new MemoryEventBusAdapter() }), flaw);
}

const flaws: readonly [string, Partial<Record<keyof IEventBus<LockEventMap>, unknown>>, boolean][] = [
  ["throws", { dispatch: raise, hasListeners: undefined }, true],
  ["rejects", { dispatch: () => new LazyPromise(raise), hasListeners: undefined }, true],
  [
    "never ends",
    { dispatch: () => new LazyPromise(() => new Promise(() => undefined)), hasListeners: undefined },
    false,
  ],
  ["answers nothing", { dispatch: () => undefined, hasListeners: undefined }, true],
  ["cannot tell who listens", { hasListeners: raise }, false],
];

let reported: { error: unknown; eventName: string }[];

function take(message: unknown): void {
  reported.push(message as (typeof reported)[number]);
}

beforeEach(() => {
  reported = [];
  subscribe("holdfast:event-bus:error", take);
});

afterEach(() => {
  unsubscribe("holdfast:event-bus:error", take);
});

describe.each(flaws)("a bus whose dispatch %s", (_, flaw, isReported) => {
  test("fails no lock", async () => {
    const provider = new LockProvider({ eventBus: bus(flaw) });
    const [lock, rival] = [provider.create("key"), provider.create("key")];
    expect(await lock.acquire()).toBe(true);
    expect(await rival.acquire()).toBe(false);
    expect(await rival.release()).toBe(false);
    expect(await lock.refresh()).toBe(true);
    expect(await rival.refresh()).toBe(false);
    expect(await lock.release()).toBe(true);
    expect(await rival.runOrFail(() => "value")).toBe("value");
    expect(await lock.forceRelease()).toBe(false);
  });

  test(`is ${isReported ? "" : "not "}reported on the diagnostics channel`, async () => {
    await new LockProvider({ eventBus: bus(flaw) }).create("key").acquire();
    await new Promise((resolve) => setImmediate(resolve));
    expect(reported.map(({ eventName }) => eventName)).toEqual(isReported ? ["ACQUIRED"] : []);
  });
});

test("what a bus fails with is what is reported", async () => {
  const eventBus = bus({ dispatch: raise, hasListeners: undefined });
  await new LockProvider({ eventBus }).create("key").acquire();
  expect(reported).toEqual([{ eventName: "ACQUIRED", error: failure }]);
});

describe.each([
  ["throws", raise],
  ["rejects", async () => raise()],
])("a listener that %s", (_, listener) => {
  test("fails no lock and no other listener, and is reported", async () => {
    const provider = new LockProvider();
    const heard: string[] = [];
    await provider.addListener(LOCK_EVENTS.ACQUIRED, listener);
    await provider.addListener(LOCK_EVENTS.ACQUIRED, ({ key }) => heard.push(key));
    expect(await provider.create("key").acquire()).toBe(true);
    expect(heard).toEqual(["key"]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reported).toEqual([{ eventName: "ACQUIRED", error: failure }]);
  });
});

test("a listener may use the lock that it hears of", async () => {
  const provider = new LockProvider();
  const lock = provider.create("key");
  const released: Promise<boolean>[] = [];
  await provider.addListener(LOCK_EVENTS.ACQUIRED, () => {
    released.push(lock.release().then((isReleased) => isReleased));
  });
  expect(await lock.acquire()).toBe(true);
  expect(await Promise.all(released)).toEqual([true]);
  expect(await lock.isLocked()).toBe(false);
});

test("events can be turned off", async () => {
  const eventBus = new EventBus<LockEventMap>({ adapter: new NoOpEventBusAdapter() });
  const provider = new LockProvider({ eventBus });
  const heard: unknown[] = [];
  await provider.addListener(LOCK_EVENTS.ACQUIRED, (event) => heard.push(event));
  expect(await provider.create("key").acquire()).toBe(true);
  expect(heard).toEqual([]);
});

test("the names of the events are their values", () => {
  expect(Object.entries(LOCK_EVENTS).filter(([name, value]) => name !== value)).toEqual([]);
});

function raise(): never {
  throw failure;
}
