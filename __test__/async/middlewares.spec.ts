import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  ASYNC_ERRORS,
  type AsyncContext,
  AsyncError,
  AsyncHooks,
  bulkhead,
  CapacityFullAsyncError,
  dynamic,
  fallback,
  HedgingAsyncError,
  LazyPromise,
  observe,
  TimeoutAsyncError,
  timeout,
} from "../../ts/async";
import { InvalidInputError, type Result, resultFailure, resultSuccess, TimeSpan } from "../../ts/utilities";

const context = { tenant: "a" };
const milliseconds = TimeSpan.fromMilliseconds;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("errors", () => {
  test.each([
    ["Base", AsyncError, "AsyncError", "ASYNC"],
    ["Timeout", TimeoutAsyncError, "TimeoutAsyncError", "TIMEOUT"],
    ["CapacityFull", CapacityFullAsyncError, "CapacityFullAsyncError", "CAPACITY_FULL"],
  ] as const)("%s has a name, a code and a cause", (key, ErrorClass, name, code) => {
    const cause = new Error("why");
    const error = new ErrorClass("no", cause);
    expect(error).toBeInstanceOf(AsyncError);
    expect(error).toMatchObject({ name, code, message: "no" });
    expect(error.cause).toBe(cause);
    expect("cause" in new ErrorClass("no")).toBe(false);
    expect(ASYNC_ERRORS[key]).toBe(ErrorClass);
  });

  test("Hedging carries all errors", () => {
    const errors = [new Error("1"), new Error("2")];
    const error = new HedgingAsyncError("no", errors);
    expect(error).toMatchObject({ name: "HedgingAsyncError", code: "HEDGING", errors });
    expect(error).toBeInstanceOf(AsyncError);
    expect(error.cause).toBe(errors[1]);
    expect(ASYNC_ERRORS.Hedging).toBe(HedgingAsyncError);
  });
});

describe("timeout", () => {
  const slow = (time: number) => new LazyPromise(() => LazyPromise.delay(milliseconds(time)).then(() => "value"));

  test("lets work that is fast enough be", async () => {
    const settled = slow(1_999).pipe(timeout()).then();
    await vi.advanceTimersByTimeAsync(1_999);
    expect(await settled).toBe("value");
  });

  test("lets an error be", async () => {
    const failing = new LazyPromise(() => Promise.reject(new Error("no")));
    await expect(failing.pipe(timeout())).rejects.toThrow("no");
  });

  test("rejects when the time is over", async () => {
    const settled = slow(5_000)
      .pipe(timeout())
      .catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(2_000);
    const error = await settled;
    expect(error).toBeInstanceOf(TimeoutAsyncError);
    expect(error).toMatchObject({ message: "Timed out after 2s" });
    await vi.runAllTimersAsync();
  });

  test("aborts the work and tells of it", async () => {
    const onTimeout = vi.fn();
    const waitTime = milliseconds(10);
    const work = vi.fn((signal?: AbortSignal) => LazyPromise.delay(TimeSpan.fromDays(1), signal));
    const hooks = new AsyncHooks(work, timeout({ waitTime, onTimeout }), {
      context,
      signalBinder: {
        getSignal: ([signal]) => signal,
        forwardSignal: (args, signal) => {
          args[0] = signal;
        },
      },
    });
    const settled = hooks.invoke().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10);
    const error = await settled;
    expect(error).toBeInstanceOf(TimeoutAsyncError);
    expect(work.mock.calls[0]?.[0]?.reason).toBe(error);
    expect(onTimeout.mock.calls).toEqual([[{ waitTime, args: [], context }]]);
  });

  test("ignores what becomes of the work later", async () => {
    const late = new LazyPromise(async () => {
      await LazyPromise.delay(milliseconds(20));
      throw new Error("late");
    });
    const settled = late.pipe(timeout({ waitTime: milliseconds(10) })).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    expect(await settled).toBeInstanceOf(TimeoutAsyncError);
  });

  test("refuses what is no time span", () => {
    expect(() => timeout({ waitTime: 5 as never })).toThrow(InvalidInputError);
  });
});

describe("fallback", () => {
  const failing = () => new LazyPromise<number>(() => Promise.reject(new TypeError("no")));

  test("leaves success alone", async () => {
    expect(await new LazyPromise(() => 1).pipe(fallback({ fallbackValue: 2 }))).toBe(1);
  });

  test.each([
    ["a value", 2],
    ["a promise", Promise.resolve(2)],
    ["a lazy promise", new LazyPromise(() => 2)],
    ["a function", () => 2],
    ["an asynchronous function", async () => 2],
    ["an invokable object", { invoke: () => 2 }],
  ])("%s takes the place of an error", async (_name, fallbackValue) => {
    expect(await failing().pipe(fallback({ fallbackValue }))).toBe(2);
  });

  test("a function hears the error", async () => {
    const fallbackValue = vi.fn(() => 2);
    await failing().pipe(fallback({ fallbackValue }));
    expect(fallbackValue.mock.calls).toEqual([[new TypeError("no")]]);
  });

  test("passes errors that the policy does not name", async () => {
    await expect(failing().pipe(fallback({ fallbackValue: 2, errorPolicy: RangeError }))).rejects.toThrow("no");
    expect(await failing().pipe(fallback({ fallbackValue: 2, errorPolicy: TypeError }))).toBe(2);
  });

  test("a successful result takes the place of a failed one", async () => {
    const failed = new LazyPromise((): Result<number, Error> => resultFailure(new TypeError("no")));
    expect(await failed.pipe(fallback({ fallbackValue: 2 }))).toEqual(resultSuccess(2));
    expect(await failed.pipe(fallback({ fallbackValue: resultSuccess(2) }))).toEqual(resultSuccess(2));
    expect(await failed.pipe(fallback({ fallbackValue: 2, errorPolicy: RangeError }))).toEqual(
      resultFailure(new TypeError("no")),
    );
  });

  test("may take the place of false", async () => {
    const no = new LazyPromise(() => false);
    expect(await no.pipe(fallback({ fallbackValue: true, errorPolicy: { treatFalseAsError: true } }))).toBe(true);
    expect(await no.pipe(fallback({ fallbackValue: true }))).toBe(false);
  });

  test("tells of it", async () => {
    const onFallback = vi.fn();
    const divide = async (_left: number, _right: number): Promise<number> => Promise.reject(new Error("no"));
    await new AsyncHooks(divide, fallback({ fallbackValue: async () => 2, onFallback }), { context }).invoke(1, 0);
    expect(onFallback.mock.calls).toEqual([[{ error: new Error("no"), fallbackValue: 2, args: [1, 0], context }]]);
  });
});

describe("observe", () => {
  const callbacks = () => ({ onStart: vi.fn(), onSuccess: vi.fn(), onError: vi.fn(), onFinally: vi.fn() });
  const call = { args: [1], context };

  test("tells of success and the time it took", async () => {
    const told = callbacks();
    const slow = (value: number) => LazyPromise.delay(milliseconds(50)).then(() => value);
    const settled = new AsyncHooks(slow, observe(told), { context }).invoke(1);
    await vi.advanceTimersByTimeAsync(50);
    expect(await settled).toBe(1);
    expect(told.onStart.mock.calls).toEqual([[call]]);
    expect(told.onSuccess.mock.calls).toEqual([[{ ...call, returnValue: 1 }]]);
    expect(told.onError).not.toHaveBeenCalled();
    expect(told.onFinally.mock.calls).toEqual([[{ ...call, executionTime: expect.any(TimeSpan) }]]);
    expect(told.onFinally.mock.calls[0]?.[0].executionTime.toMilliseconds()).toBe(50);
  });

  test("tells of an error and lets it pass", async () => {
    const told = callbacks();
    const fail = (_value: number) => Promise.reject(new Error("no"));
    await expect(new AsyncHooks(fail, observe(told), { context }).invoke(1)).rejects.toThrow("no");
    expect(told.onError.mock.calls).toEqual([[{ ...call, error: new Error("no") }]]);
    expect(told.onSuccess).not.toHaveBeenCalled();
    expect(told.onFinally).toHaveBeenCalledTimes(1);
  });

  test("counts a failed result as an error, and false as success", async () => {
    const told = callbacks();
    const failure = resultFailure("why");
    expect(await new AsyncHooks((_value: number) => failure, observe(told), { context }).invoke(1)).toBe(failure);
    expect(told.onError.mock.calls).toEqual([[{ ...call, error: "why" }]]);
    await new LazyPromise(() => false).pipe(observe(told));
    expect(told.onSuccess).toHaveBeenCalledTimes(1);
  });

  test("may leave out any callback", async () => {
    expect(await new LazyPromise(() => 1).pipe(observe({}))).toBe(1);
  });

  test("onFinally is called though another callback throws", async () => {
    const told = { ...callbacks(), onSuccess: () => Promise.reject(new Error("callback")) };
    await expect(new LazyPromise(() => 1).pipe(observe(told))).rejects.toThrow("callback");
    expect(told.onFinally).toHaveBeenCalledTimes(1);
  });
});

describe("dynamic", () => {
  test("picks a middleware for each call", async () => {
    const pick = vi.fn(([left]: [number, number], _context: object) =>
      fallback<[number, number], number, object>({ fallbackValue: left }),
    );
    const divide = async (_left: number, _right: number): Promise<number> => Promise.reject(new Error("no"));
    const hooks = new AsyncHooks(divide, dynamic(pick), { context });
    expect(await hooks.invoke(1, 0)).toBe(1);
    expect(await hooks.invoke(2, 0)).toBe(2);
    expect(pick.mock.calls).toEqual([
      [[1, 0], context],
      [[2, 0], context],
    ]);
  });
});

describe("bulkhead", () => {
  function station(settings: Parameters<typeof bulkhead>[0]) {
    const started: number[] = [];
    const slow = async (id: number, _signal?: AbortSignal) => {
      started.push(id);
      await LazyPromise.delay(milliseconds(100));
      if (id < 0) {
        throw new Error("no");
      }
      return id;
    };
    const hooks = new AsyncHooks(slow, bulkhead(settings as never), {
      context,
      signalBinder: {
        getSignal: ([, signal]) => signal,
        forwardSignal: (args, signal) => {
          args[1] = signal;
        },
      },
    });
    return { started, call: (id: number, signal?: AbortSignal) => hooks.invoke(id, signal) };
  }

  test("lets a limited number work at a time, in order", async () => {
    const { started, call } = station({ maxConcurrency: 2 });
    const settled = Promise.all([1, 2, 3, 4, 5].map((id) => call(id)));
    await vi.advanceTimersByTimeAsync(99);
    expect(started).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(1);
    expect(started).toEqual([1, 2, 3, 4]);
    await vi.advanceTimersByTimeAsync(200);
    expect(await settled).toEqual([1, 2, 3, 4, 5]);
  });

  test("is 25 by default", async () => {
    const { started, call } = station({});
    const settled = Promise.all(Array.from({ length: 30 }, (_value, id) => call(id)));
    await vi.advanceTimersByTimeAsync(0);
    expect(started).toHaveLength(25);
    await vi.runAllTimersAsync();
    expect(await settled).toHaveLength(30);
  });

  test("a failing call gives its place back", async () => {
    const { started, call } = station({ maxConcurrency: 1 });
    const settled = Promise.allSettled([call(-1), call(2)]);
    await vi.runAllTimersAsync();
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    expect(started).toEqual([-1, 2]);
  });

  test("rejects when as many wait as may", async () => {
    const { started, call } = station({ maxConcurrency: 1, maxCapacity: 1 });
    const settled = Promise.allSettled([call(1), call(2), call(3)]);
    await vi.runAllTimersAsync();
    const [first, second, third] = await settled;
    expect([first?.status, second?.status]).toEqual(["fulfilled", "fulfilled"]);
    expect(third).toMatchObject({ reason: expect.any(CapacityFullAsyncError) });
    expect(started).toEqual([1, 2]);
  });

  test("a capacity of 0 lets nobody wait", async () => {
    const { call } = station({ maxConcurrency: 1, maxCapacity: 0 });
    const settled = Promise.allSettled([call(1), call(2)]);
    await vi.runAllTimersAsync();
    expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    const later = call(3);
    await vi.runAllTimersAsync();
    expect(await later).toBe(3);
  });

  test("a call that is aborted while waiting leaves the queue", async () => {
    const controller = new AbortController();
    const { started, call } = station({ maxConcurrency: 1, maxCapacity: 1 });
    const first = call(1);
    const second = call(2, controller.signal).catch((reason: unknown) => reason);
    await vi.advanceTimersByTimeAsync(0);
    controller.abort("enough");
    expect(await second).toBe("enough");
    const third = call(3);
    await vi.runAllTimersAsync();
    expect(await Promise.all([first, third])).toEqual([1, 3]);
    expect(started).toEqual([1, 3]);
  });

  test("a call that is aborted already is not made", async () => {
    const { started, call } = station({});
    await expect(call(1, AbortSignal.abort("enough"))).rejects.toBe("enough");
    expect(started).toEqual([]);
  });

  test("keeps an interval between beginnings", async () => {
    const { started, call } = station({ interval: milliseconds(30) });
    const settled = Promise.all([call(1), call(2), call(3)]);
    await vi.advanceTimersByTimeAsync(29);
    expect(started).toEqual([1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(started).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(30);
    expect(started).toEqual([1, 2, 3]);
    await vi.runAllTimersAsync();
    await settled;
  });

  test("has no timer when nobody waits for it", async () => {
    const controller = new AbortController();
    const { call } = station({ interval: TimeSpan.fromDays(60) });
    const first = call(1);
    await vi.advanceTimersByTimeAsync(100);
    await first;
    expect(vi.getTimerCount()).toBe(0);
    const second = call(2, controller.signal).catch((reason: unknown) => reason);
    await vi.advanceTimersByTimeAsync(TimeSpan.fromDays(40).toMilliseconds());
    expect(vi.getTimerCount()).toBe(1);
    controller.abort("enough");
    expect(await second).toBe("enough");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("tells of a call whose turn has come", async () => {
    const onProcessing = vi.fn();
    const { call } = station({ maxConcurrency: 1, onProcessing });
    const settled = Promise.all([call(1), call(2)]);
    await vi.advanceTimersByTimeAsync(0);
    expect(onProcessing.mock.calls).toEqual([[{ args: [1, undefined], context }]]);
    await vi.runAllTimersAsync();
    await settled;
    expect(onProcessing).toHaveBeenCalledTimes(2);
  });

  test("calls count together wherever the middleware is used", async () => {
    const shared = bulkhead<[], void, AsyncContext>({ maxConcurrency: 1 });
    const work = vi.fn(() => LazyPromise.delay(milliseconds(10)));
    const settled = Promise.all([new LazyPromise(work).pipe(shared), new LazyPromise(work).pipe(shared)]);
    await vi.advanceTimersByTimeAsync(9);
    expect(work).toHaveBeenCalledTimes(1);
    await vi.runAllTimersAsync();
    await settled;
    expect(work).toHaveBeenCalledTimes(2);
  });

  test.each([
    { maxConcurrency: 0 },
    { maxConcurrency: 1.5 },
    { maxConcurrency: Number.NaN },
    { maxCapacity: -1 },
    { maxCapacity: 0.5 },
    { interval: 5 as never },
  ])("refuses %j", (settings) => {
    expect(() => bulkhead(settings)).toThrow(InvalidInputError);
  });
});
