// What cannot be a lock is refused when it is created, before any database is asked.

import { describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { InvalidInputError, type ITimeSpan, Namespace, TimeSpan, TO_MILLISECONDS } from "../../ts/utilities";

const provider = new LockProvider();

const texts: readonly [string, unknown][] = [
  ["an empty text", ""],
  ["an empty array", []],
  ["empty segments", ["", ""]],
  ["a text of 10 MB", "k".repeat(10_000_000)],
  ["10 MB of segments", Array.from({ length: 1000 }, () => "k".repeat(10_000))],
  ["a NUL character", "a\0b"],
  ["a NUL character in a segment", ["a", "\0"]],
  ["the first half of a surrogate pair", "a\ud83d"],
  ["the second half of a surrogate pair", "\ude00b"],
  ["a surrogate pair the wrong way round", "\ude00\ud83d"],
  ["half of a surrogate pair in a segment", ["a", "\ud83d"]],
  ["a number", 5],
  ["a boolean", true],
  ["null", null],
  ["an object", { key: "k" }],
  ["a function", () => "k"],
  ["a symbol", Symbol("k")],
  ["a buffer", Buffer.from("k")],
  ["segments that are no texts", ["a", 5]],
  ["segments of which one is null", ["a", null]],
];

/** What is thrown; its message stays readable, whatever it is about. */
function refusalOf(create: () => unknown): unknown {
  try {
    create();
  } catch (error) {
    expect((error as Error).message.length).toBeLessThan(500);
    return error;
  }
  return "nothing was thrown";
}

describe.each([...texts, ["undefined", undefined] as const])("%s", (_, bad) => {
  test("is no key", () => {
    const error = refusalOf(() => provider.create(bad as string));
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(error).toMatchObject({ name: "InvalidInputError", code: "INVALID_INPUT" });
  });
});

describe.each(texts)("%s", (_, bad) => {
  test("is no owner", () => {
    expect(refusalOf(() => provider.create("key", { owner: bad as string }))).toBeInstanceOf(InvalidInputError);
  });
});

test("a key must not contain the root identifier of the namespace", () => {
  expect(refusalOf(() => provider.create("a_rt"))).toBeInstanceOf(InvalidInputError);
  expect(refusalOf(() => provider.create(["a_", "rt"]))).toBe("nothing was thrown");
  const other = new LockProvider({ namespace: new Namespace("lock", { rootIdentifier: "-root-" }) });
  expect(refusalOf(() => other.create("a_rt"))).toBe("nothing was thrown");
});

test("the namespace counts towards the length of a key", () => {
  const prefix = "@/lock:_rt:".length;
  expect(refusalOf(() => provider.create("k".repeat(1024 - prefix)))).toBe("nothing was thrown");
  expect(refusalOf(() => provider.create("k".repeat(1025 - prefix)))).toBeInstanceOf(InvalidInputError);
});

describe("a time that is", () => {
  const times: readonly [string, unknown][] = [
    ["negative", { [TO_MILLISECONDS]: () => -1 }],
    ["infinite", { [TO_MILLISECONDS]: () => Number.POSITIVE_INFINITY }],
    ["not a number", { [TO_MILLISECONDS]: () => Number.NaN }],
    ["a text in a time span", { [TO_MILLISECONDS]: () => "5" }],
    ["a bare number", 5],
    ["a bare text", "5s"],
    ["an empty object", {}],
  ];

  describe.each([...times, ["over 100 years", TimeSpan.fromDays(36_526)] as const])("%s", (_, bad) => {
    test("is no ttl", async () => {
      expect(refusalOf(() => provider.create("key", { ttl: bad as ITimeSpan }))).toBeInstanceOf(InvalidInputError);
    });

    test.each(["refresh", "refreshOrFail"] as const)("is no ttl for %s", async (method) => {
      const lock = new LockProvider().create("key");
      await lock.acquire();
      await expect(lock[method](bad as ITimeSpan)).rejects.toThrow(InvalidInputError);
      expect(await lock.isLocked()).toBe(true);
    });
  });

  describe.each(times)("%s", (_, bad) => {
    test.each(["acquireBlocking", "acquireBlockingOrFail"] as const)("cannot be waited for by %s", async (method) => {
      const lock = new LockProvider().create("key");
      await expect(lock[method]({ time: bad as ITimeSpan })).rejects.toThrow(InvalidInputError);
      await expect(lock[method]({ interval: bad as ITimeSpan })).rejects.toThrow(InvalidInputError);
      expect(await lock.isLocked()).toBe(false);
    });
  });

  test("a millisecond under 100 years is a ttl", () => {
    const ttl = TimeSpan.fromDays(36_525).subtractMilliseconds(1);
    expect(provider.create("key", { ttl }).ttl).toEqual(ttl);
  });

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])("%d is refused by TimeSpan itself", (milliseconds) => {
    expect(() => TimeSpan.fromMilliseconds(milliseconds)).toThrow(InvalidInputError);
  });
});
