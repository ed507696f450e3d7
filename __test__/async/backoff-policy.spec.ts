import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type BackoffPolicy,
  constantBackoffPolicy,
  exponentialBackoffPolicy,
  type JitterSettings,
  linearBackoffPolicy,
  polynomialBackoffPolicy,
} from "../../ts/async";
import { InvalidInputError, TimeSpan, TO_MILLISECONDS } from "../../ts/utilities";

const waits = (policy: BackoffPolicy, attempts: number, error?: unknown) =>
  Array.from({ length: attempts }, (_value, index) => {
    const wait = typeof policy === "function" ? policy(index + 1, error) : policy.invoke(index + 1, error);
    return wait[TO_MILLISECONDS]();
  });

const milliseconds = TimeSpan.fromMilliseconds;

beforeEach(() => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("without jitter", () => {
  const jitter = null;

  test("constant", () => {
    expect(waits(constantBackoffPolicy({ jitter }), 3)).toEqual([1_000, 1_000, 1_000]);
    expect(waits(constantBackoffPolicy({ jitter, delay: milliseconds(7) }), 2)).toEqual([7, 7]);
  });

  test("linear", () => {
    expect(waits(linearBackoffPolicy({ jitter }), 8)).toEqual([1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 6_000, 6_000]);
    const own = linearBackoffPolicy({ jitter, minDelay: milliseconds(10), maxDelay: milliseconds(25) });
    expect(waits(own, 4)).toEqual([10, 20, 25, 25]);
  });

  test("polynomial", () => {
    expect(waits(polynomialBackoffPolicy({ jitter }), 4)).toEqual([1_000, 4_000, 6_000, 6_000]);
    const own = polynomialBackoffPolicy({
      jitter,
      minDelay: milliseconds(10),
      maxDelay: milliseconds(500),
      degree: 3,
    });
    expect(waits(own, 4)).toEqual([10, 80, 270, 500]);
  });

  test("exponential", () => {
    expect(waits(exponentialBackoffPolicy({ jitter }), 7)).toEqual([
      2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
    ]);
    const own = exponentialBackoffPolicy({
      jitter,
      minDelay: milliseconds(10),
      maxDelay: milliseconds(500),
      multiplier: 3,
    });
    expect(waits(own, 4)).toEqual([30, 90, 270, 500]);
  });

  test("a setting of undefined is the default", () => {
    const settings = { jitter, minDelay: undefined, maxDelay: undefined };
    expect(waits(linearBackoffPolicy(settings), 7)).toEqual(waits(linearBackoffPolicy({ jitter }), 7));
    expect(waits(exponentialBackoffPolicy(settings), 7)).toEqual(waits(exponentialBackoffPolicy({ jitter }), 7));
  });

  test("any attempt has a wait", () => {
    const policy = exponentialBackoffPolicy({ jitter });
    const never = exponentialBackoffPolicy({ jitter, minDelay: milliseconds(0) });
    expect(waits(policy, 2_000).at(-1)).toBe(60_000);
    expect(waits(never, 2_000).at(-1)).toBe(0);
  });
});

describe.each([
  ["constant", constantBackoffPolicy, 1_000],
  ["linear", linearBackoffPolicy, 1_000],
  ["polynomial", polynomialBackoffPolicy, 1_000],
  ["exponential", exponentialBackoffPolicy, 2_000],
] as const)("%s", (_name, makePolicy, first) => {
  const make = makePolicy as (settings?: JitterSettings | ((error: unknown) => JitterSettings)) => BackoffPolicy;

  test("makes up to half of a wait random by default", () => {
    expect(waits(make(), 1)).toEqual([first * 0.75]);
  });

  test("makes as much random as asked", () => {
    expect(waits(make({ jitter: 1 }), 1)).toEqual([first * 0.5]);
    expect(waits(make({ jitter: 0 }), 1)).toEqual([first]);
    expect(waits(make({ jitter: null }), 1)).toEqual([first]);
  });

  test.each([-0.1, 1.1, Number.NaN, "1"])("refuses a jitter of %s", (jitter) => {
    expect(() => waits(make({ jitter: jitter as number }), 1)).toThrow(InvalidInputError);
  });

  test("asks a function of the error for every wait", () => {
    const settings = vi.fn((error: unknown) => ({ jitter: error === "busy" ? 0 : 1 }));
    const policy = make(settings);
    expect(settings).not.toHaveBeenCalled();
    expect(waits(policy, 1, "busy")).toEqual([first]);
    expect(waits(policy, 1, "other")).toEqual([first * 0.5]);
    expect(waits(policy, 1, "busy")).toEqual([first]);
    expect(settings).toHaveBeenCalledTimes(3);
  });
});
