// The suites find what is wrong with an adapter, and run under the test runner of Node as well.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { MemoryLockAdapter } from "../../ts/lock/adapters";
import { LOCK_REFRESH_RESULT } from "../../ts/lock/contracts";
import { lockAdapterTestSuite, lockProviderTestSuite, type TestableLockAdapter } from "../../ts/lock/test-utilities";
import { TimeSpan } from "../../ts/utilities";
import { Recorder } from "./recorder";

/** An adapter that is right but for what is put in the place of some methods. */
function flawed(flaw: (right: MemoryLockAdapter) => Partial<TestableLockAdapter>): TestableLockAdapter {
  const right = new MemoryLockAdapter();
  return {
    acquire: (...args) => right.acquire(...args),
    release: (...args) => right.release(...args),
    forceRelease: (...args) => right.forceRelease(...args),
    refresh: (...args) => right.refresh(...args),
    getState: (...args) => right.getState(...args),
    ...flaw(right),
  };
}

const flaws: Record<string, (right: MemoryLockAdapter) => Partial<TestableLockAdapter>> = {
  "lets an owner acquire again": (right) => ({
    acquire: async (key, owner, ttl) =>
      (await right.acquire(key, owner, ttl)) || (await right.getState(key))?.owner === owner,
  }),
  "looks, and then writes": (right) => ({
    acquire: async (key, owner, ttl) => {
      const isFree = (await right.getState(key)) === null;
      if (isFree) {
        await right.forceRelease(key);
        await right.acquire(key, owner, ttl);
      }
      return isFree;
    },
  }),
  "lets everybody release": (right) => ({ release: (key) => right.forceRelease(key) }),
  "calls every release a success": (right) => ({
    release: async (key, owner) => {
      await right.release(key, owner);
      return true;
    },
  }),
  "calls every force-release a success": (right) => ({
    forceRelease: async (key) => {
      await right.forceRelease(key);
      return true;
    },
  }),
  "releases by force what is the asker's only": (right) => ({ forceRelease: (key) => right.release(key, "asker") }),
  "lets a refresh revive a lease": (right) => ({
    refresh: async (key, owner, ttl) =>
      (await right.acquire(key, owner, ttl)) ? LOCK_REFRESH_RESULT.REFRESHED : right.refresh(key, owner, ttl),
  }),
  "lets a refresh give an end": (right) => ({
    refresh: async (key, owner, ttl) => {
      const result = await right.refresh(key, owner, ttl);
      if (result === LOCK_REFRESH_RESULT.UNEXPIRABLE_KEY) {
        await right.release(key, owner);
        await right.acquire(key, owner, ttl);
      }
      return result;
    },
  }),
  "lets everybody refresh": (right) => ({
    refresh: async (key, owner, ttl) => right.refresh(key, (await right.getState(key))?.owner ?? owner, ttl),
  }),
  "does not refresh": () => ({ refresh: async () => LOCK_REFRESH_RESULT.REFRESHED }),
  "cannot shorten a lease": (right) => ({
    refresh: async (key, owner, ttl) => {
      const { expiration } = (await right.getState(key)) ?? {};
      const isShorter = expiration && expiration.getTime() - Date.now() > ttl.toMilliseconds();
      return isShorter ? LOCK_REFRESH_RESULT.REFRESHED : right.refresh(key, owner, ttl);
    },
  }),
  "forgets that leases end": (right) => ({
    getState: async (key) => {
      const state = await right.getState(key);
      return state && { ...state, expiration: null };
    },
  }),
  overflows: (right) => ({
    acquire: (key, owner, ttl) =>
      right.acquire(key, owner, ttl && TimeSpan.fromMilliseconds(ttl.toMilliseconds() % 2 ** 31)),
  }),
  "takes a ttl of nothing for none": (right) => ({
    acquire: (key, owner, ttl) => right.acquire(key, owner, ttl?.toMilliseconds() === 0 ? null : ttl),
  }),
  "takes no fractions": (right) => ({
    acquire: async (key, owner, ttl) => {
      if (!Number.isInteger(ttl?.toMilliseconds() ?? 0)) {
        throw new Error("ERR value is not an integer or out of range");
      }
      return right.acquire(key, owner, ttl);
    },
  }),
  "compares keys by a collation": (right) => ({
    acquire: (key, owner, ttl) => right.acquire(key.toLowerCase(), owner, ttl),
    release: (key, owner) => right.release(key.toLowerCase(), owner),
    refresh: (key, owner, ttl) => right.refresh(key.toLowerCase(), owner, ttl),
    forceRelease: (key) => right.forceRelease(key.toLowerCase()),
    getState: (key) => right.getState(key.toLowerCase()),
  }),
  "trims keys": (right) => ({ acquire: (key, owner, ttl) => right.acquire(key.trim(), owner, ttl) }),
  "compares owners without their accents": (right) => ({
    release: async (key, owner) => {
      const holder = (await right.getState(key))?.owner ?? owner;
      return right.release(key, holder.localeCompare(owner, "en", { sensitivity: "base" }) === 0 ? holder : owner);
    },
  }),
};

describe("the adapter suite", () => {
  test("has nothing to say against an adapter that is right", async () => {
    const recorder = new Recorder();
    lockAdapterTestSuite({ ...recorder.primitives, createAdapter: () => flawed(() => ({})) });
    expect(await recorder.firstFailure()).toBeUndefined();
  });

  test("takes a refresh that answers a boolean", async () => {
    const recorder = new Recorder();
    const createAdapter = () =>
      flawed((right) => ({
        refresh: async (key, owner, ttl) => (await right.refresh(key, owner, ttl)) === LOCK_REFRESH_RESULT.REFRESHED,
      }));
    lockAdapterTestSuite({ ...recorder.primitives, createAdapter });
    expect(await recorder.firstFailure()).toBeUndefined();
  });

  test.each(Object.entries(flaws))("finds an adapter that %s", async (_, flaw) => {
    const recorder = new Recorder();
    lockAdapterTestSuite({ ...recorder.primitives, createAdapter: () => flawed(flaw) });
    expect(await recorder.firstFailure()).toBeDefined();
  });
});

test("no two tests of a suite have the same name", () => {
  const recorder = new Recorder();
  lockAdapterTestSuite({ ...recorder.primitives, createAdapter: () => new MemoryLockAdapter() });
  lockProviderTestSuite({
    ...recorder.primitives,
    createLockProvider: () => ({ lockProvider: new LockProvider(), otherLockProvider: new LockProvider() }),
  });
  const { names } = recorder;
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test("the suites run under the test runner of Node", async () => {
  const script = join(__dirname, "workers", "node-test.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, ["--test", "--test-reporter=tap", script]);
  expect(stdout).toMatch(/^# fail 0$/m);
  expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(500);
});
