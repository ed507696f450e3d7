// What the adapters of this package have in common beyond the suites: their life, and what they refuse.

import { beforeEach, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import type { MemoryLockAdapter, SqliteLockAdapter } from "../../ts/lock/adapters";
import { ClosedLockError, LOCK_EVENTS, type UnexpectedErrorLockEvent } from "../../ts/lock/contracts";
import { InvalidInputError, type ITimeSpan, TimeSpan, TO_MILLISECONDS } from "../../ts/utilities";

type NativeLockAdapter = MemoryLockAdapter | SqliteLockAdapter;

const ttl = TimeSpan.fromMinutes(10);

/** Each verb, to be called on an adapter that refuses it. */
const VERBS: Record<string, (adapter: NativeLockAdapter, key: string, owner: string) => Promise<unknown>> = {
  acquire: (adapter, key, owner) => adapter.acquire(key, owner, ttl),
  release: (adapter, key, owner) => adapter.release(key, owner),
  forceRelease: (adapter, key) => adapter.forceRelease(key),
  refresh: (adapter, key, owner) => adapter.refresh(key, owner, ttl),
  getState: (adapter, key) => adapter.getState(key),
};

const everyVerb = Object.entries(VERBS);

/** Adds the tests. The adapters of one test must all be over one database, and those of another over another. */
export function nativeLockAdapterTests(createAdapter: () => NativeLockAdapter): void {
  let adapter: NativeLockAdapter;

  beforeEach(() => {
    adapter = createAdapter();
  });

  describe("the life of an adapter", () => {
    test("init may be called again", async () => {
      await adapter.init();
      expect(await adapter.acquire("key", "owner", ttl)).toBe(true);
      await adapter.init();
      expect(await adapter.acquire("key", "other", ttl)).toBe(false);
    });

    test("deInit may be called before init, and again", async () => {
      await adapter.deInit();
      await adapter.init();
      await adapter.deInit();
      await adapter.deInit();
    });

    test("deInit leaves locks alone that are held", async () => {
      await adapter.acquire("key", "owner", null);
      await adapter.deInit();
      expect(await adapter.acquire("key", "other", ttl)).toBe(false);
      expect(await adapter.release("key", "owner")).toBe(true);
    });

    test("after deInit the next use begins anew", async () => {
      await adapter.acquire("key", "owner", ttl);
      await adapter.release("key", "owner");
      await adapter.deInit();
      expect(await adapter.acquire("key", "owner", ttl)).toBe(true);
      expect(await adapter.getState("key")).toMatchObject({ owner: "owner" });
    });

    test("removeAllExpired leaves locks alone that are held", async () => {
      await adapter.acquire("over", "owner", TimeSpan.fromMilliseconds(0));
      await adapter.acquire("held", "owner", ttl);
      await adapter.acquire("held without an end", "owner", null);
      await adapter.removeAllExpired();
      expect(await adapter.acquire("over", "other", ttl)).toBe(true);
      expect(await adapter.acquire("held", "other", ttl)).toBe(false);
      expect(await adapter.acquire("held without an end", "other", ttl)).toBe(false);
    });
  });

  describe("a closed adapter", () => {
    test.each(everyVerb)("refuses %s", async (_, ask) => {
      await adapter.acquire("key", "owner", ttl);
      await adapter.close();
      await expect(ask(adapter, "key", "owner")).rejects.toThrow(ClosedLockError);
      await expect(ask(adapter, "key", "owner")).rejects.toMatchObject({
        name: "ClosedLockError",
        code: "LOCK_CLOSED",
      });
    });

    test.each(["init", "deInit", "removeAllExpired"] as const)("refuses %s", async (method) => {
      await adapter.close();
      await expect(adapter[method]()).rejects.toThrow(ClosedLockError);
    });

    test("may be closed again", async () => {
      await adapter.close();
      await adapter.close();
    });

    test("leaves its locks held for others", async () => {
      const other = createAdapter();
      await other.init();
      await adapter.acquire("key", "owner", null);
      await adapter.close();
      expect(await other.acquire("key", "other", ttl)).toBe(false);
      expect(await other.release("key", "owner")).toBe(true);
    });

    test.each(["acquire", "release", "forceRelease", "refresh", "isLocked"] as const)(
      "makes %s of a lock reject, and tell of it in an event",
      async (method) => {
        const provider = new LockProvider({ adapter });
        const lock = provider.create(["a", "key"], { owner: "owner", ttl });
        const events: UnexpectedErrorLockEvent[] = [];
        await provider.addListener(LOCK_EVENTS.UNEXPECTED_ERROR, (event) => {
          events.push(event);
        });
        await adapter.close();
        const error: unknown = await lock[method]().catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(ClosedLockError);
        expect(error).toMatchObject({ code: "LOCK_CLOSED", key: "a/key", owner: "owner" });
        expect(events).toEqual([{ key: "a/key", owner: "owner", ttl, error }]);
      },
    );

    test("makes a run reject without calling the function", async () => {
      const lock = new LockProvider({ adapter }).create("key");
      await adapter.close();
      const calls: string[] = [];
      await expect(lock.run(() => calls.push("fn"))).rejects.toThrow(ClosedLockError);
      await expect(lock.runBlockingOrFail(() => calls.push("fn"))).rejects.toThrow(ClosedLockError);
      expect(calls).toEqual([]);
    });
  });

  describe("an adapter refuses", () => {
    const longest = "k".repeat(1024);
    const texts: readonly [string, string][] = [
      ["an empty text", ""],
      ["a text of more than 1024 bytes", `${longest}k`],
      ["a text of more than 1024 bytes in fewer characters", "é".repeat(513)],
      ["a NUL character", "a\0b"],
      ["half of a surrogate pair", "a\ud83d"],
      ["a number", 5 as unknown as string],
      ["undefined", undefined as unknown as string],
    ];

    describe.each(texts)("%s", (_, text) => {
      test.each(everyVerb)("as a key in %s", async (_verb, ask) => {
        await expect(ask(adapter, text, "owner")).rejects.toThrow(InvalidInputError);
      });

      test.each(everyVerb.filter(([, ask]) => ask.length === 3))("as an owner in %s", async (_verb, ask) => {
        await expect(ask(adapter, "key", text)).rejects.toThrow(InvalidInputError);
      });
    });

    test("nothing that has 1024 bytes", async () => {
      expect(await adapter.acquire(longest, longest, ttl)).toBe(true);
      expect(await adapter.getState(longest)).toMatchObject({ owner: longest });
      expect(await adapter.release(longest, longest)).toBe(true);
    });

    const ttls: readonly [string, ITimeSpan][] = [
      ["over 100 years", TimeSpan.fromDays(36_526)],
      ["negative", { [TO_MILLISECONDS]: () => -1 }],
      ["infinite", { [TO_MILLISECONDS]: () => Number.POSITIVE_INFINITY }],
      ["not a number", { [TO_MILLISECONDS]: () => Number.NaN }],
      ["a bare number", 5 as unknown as ITimeSpan],
    ];

    test.each(ttls)("a ttl that is %s", async (_, bad) => {
      await expect(adapter.acquire("key", "owner", bad as TimeSpan)).rejects.toThrow(InvalidInputError);
      expect(await adapter.acquire("key", "owner", ttl)).toBe(true);
      await expect(adapter.refresh("key", "owner", bad as TimeSpan)).rejects.toThrow(InvalidInputError);
    });
  });
}
