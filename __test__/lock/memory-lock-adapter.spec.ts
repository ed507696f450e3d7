import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { MemoryLockAdapter } from "../../ts/lock/adapters";
import { lockAdapterTestSuite, lockProviderTestSuite } from "../../ts/lock/test-utilities";
import { InvalidInputError, TimeSpan } from "../../ts/utilities";
import { nativeLockAdapterTests } from "./native-lock-adapter";

let name: string;

beforeEach(() => {
  name = randomUUID();
});

lockAdapterTestSuite({ expect, test, describe, beforeEach, createAdapter: () => new MemoryLockAdapter() });

lockProviderTestSuite({
  expect,
  test,
  describe,
  beforeEach,
  createLockProvider: () => {
    const adapter = new MemoryLockAdapter();
    return { lockProvider: new LockProvider({ adapter }), otherLockProvider: new LockProvider({ adapter }) };
  },
});

nativeLockAdapterTests(() => new MemoryLockAdapter({ name }));

describe("the name", () => {
  test("is what adapters share their locks by", async () => {
    const [first, second] = [new MemoryLockAdapter({ name }), new MemoryLockAdapter({ name })];
    expect(await first.acquire("key", "first", null)).toBe(true);
    expect(await second.acquire("key", "second", null)).toBe(false);
    expect(await second.getState("key")).toEqual({ owner: "first", expiration: null });
    expect(await second.release("key", "first")).toBe(true);
  });

  test("keeps adapters of other names apart", async () => {
    const others = [new MemoryLockAdapter({ name: `${name}.` }), new MemoryLockAdapter()];
    const adapter = new MemoryLockAdapter({ name });
    expect(await adapter.acquire("key", "owner", null)).toBe(true);
    for (const other of others) {
      expect(await other.acquire("key", "other", null)).toBe(true);
    }
  });

  test("left out, is shared with nobody", async () => {
    const [first, second] = [new MemoryLockAdapter(), new MemoryLockAdapter()];
    expect(await first.acquire("key", "owner", null)).toBe(true);
    expect(await second.acquire("key", "owner", null)).toBe(true);
  });

  test.each([
    ["empty", ""],
    ["a number", 5],
    ["null", null],
  ])("must not be %s", (_, bad) => {
    expect(() => new MemoryLockAdapter({ name: bad as string })).toThrow(InvalidInputError);
  });
});

test("right after it was acquired, the whole ttl of a lock is left", async () => {
  const ttl = TimeSpan.fromMilliseconds(50);
  const provider = new LockProvider({ adapter: new MemoryLockAdapter() });
  // A pause of the machine between the two is possible every time, but not all the time.
  await expect
    .poll(async () => {
      const lock = provider.create(randomUUID(), { ttl });
      await lock.acquire();
      return (await lock.getRemainingTime())?.toMilliseconds();
    })
    .toBe(50);
});
