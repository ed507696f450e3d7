import { beforeEach, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { NoOpLockAdapter } from "../../ts/lock/adapters";
import { LOCK_EVENTS, LOCK_REFRESH_RESULT, LOCK_STATE } from "../../ts/lock/contracts";
import { InvalidInputError, resultSuccess, TimeSpan } from "../../ts/utilities";

const ttl = TimeSpan.fromMinutes(10);

let adapter: NoOpLockAdapter;

beforeEach(() => {
  adapter = new NoOpLockAdapter();
});

test("the adapter grants everything to everybody, and keeps nothing", async () => {
  expect(await adapter.acquire("key", "first", null)).toBe(true);
  expect(await adapter.acquire("key", "second", ttl)).toBe(true);
  expect(await adapter.refresh("key", "second", ttl)).toBe(LOCK_REFRESH_RESULT.REFRESHED);
  expect(await adapter.refresh("key", "third", ttl)).toBe(LOCK_REFRESH_RESULT.REFRESHED);
  expect(await adapter.release("key", "third")).toBe(true);
  expect(await adapter.forceRelease("another key")).toBe(true);
  expect(await adapter.getState("key")).toBeNull();
});

describe("a lock over it", () => {
  test("is granted to everybody at once, and its methods throw nothing", async () => {
    const provider = new LockProvider({ adapter });
    const [lock, rival] = [provider.create("key"), provider.create("key", { ttl: null })];
    await lock.acquireOrFail();
    await rival.acquireBlockingOrFail();
    await rival.refreshOrFail();
    await rival.releaseOrFail();
    await rival.releaseOrFail();
    expect(await lock.forceRelease()).toBe(true);
    expect(await lock.run(() => "value")).toEqual(resultSuccess("value"));
    expect(await rival.runOrFail(() => lock.runOrFail(() => "nested"))).toBe("nested");
  });

  test("is held by nobody, ever", async () => {
    const lock = new LockProvider({ adapter }).create("key");
    await lock.acquire();
    expect(await lock.isLocked()).toBe(false);
    expect(await lock.isExpired()).toBe(true);
    expect(await lock.getState()).toEqual({ type: LOCK_STATE.EXPIRED });
    expect(await lock.getRemainingTime()).toBeNull();
  });

  test("has fences that grow, since a storage that checks them goes on doing so", async () => {
    const provider = new LockProvider({ adapter });
    const [first, second] = [provider.create("key"), provider.create("key")];
    await first.acquire();
    await second.acquire();
    expect(first.fence).toBeGreaterThan(0n);
    expect(second.fence).toBeGreaterThan(first.fence ?? 0n);
  });

  test("tells of its events", async () => {
    const provider = new LockProvider({ adapter });
    const heard: string[] = [];
    for (const name of Object.values(LOCK_EVENTS)) {
      await provider.addListener(name, () => heard.push(name));
    }
    const lock = provider.create("key");
    await lock.acquire();
    await lock.refresh();
    await lock.release();
    await lock.forceRelease();
    expect(heard).toEqual(["ACQUIRED", "REFRESHED", "RELEASED", "FORCE_RELEASED"]);
  });
});

test("what cannot be a lock is refused all the same", async () => {
  const provider = new LockProvider({ adapter });
  expect(() => provider.create("")).toThrow(InvalidInputError);
  expect(() => provider.create("key", { owner: "" })).toThrow(InvalidInputError);
  await expect(adapter.acquire("", "owner", ttl)).rejects.toThrow(InvalidInputError);
  await expect(adapter.refresh("key", "owner", 5 as unknown as TimeSpan)).rejects.toThrow(InvalidInputError);
});

test("it has the life of an adapter, and nothing to close", async () => {
  await adapter.init();
  await adapter.removeAllExpired();
  await adapter.deInit();
  await adapter.close();
  expect(await adapter.acquire("key", "owner", ttl)).toBe(true);
});
