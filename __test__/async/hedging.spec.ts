import { describe, expect, test, vi } from "vitest";
import {
  type AbortSignalBinder,
  AsyncError,
  AsyncHooks,
  type AsyncMiddleware,
  concurrentHedging,
  HedgingAsyncError,
  LazyPromise,
  sequentialHedging,
} from "../../ts/async";
import { type Result, resultFailure, resultSuccess } from "../../ts/utilities";

type Args = [text: string, signal?: AbortSignal | undefined];

const signalBinder: AbortSignalBinder<Args> = {
  getSignal: ([, signal]) => signal,
  forwardSignal: (args, signal) => {
    args[1] = signal;
  },
};
const context = { tenant: "a" };

const answer = (value: string) => vi.fn(async (_text: string, _signal?: AbortSignal) => value);
const fail = (message: string) =>
  vi.fn(async (_text: string, _signal?: AbortSignal): Promise<string> => Promise.reject(new TypeError(message)));

describe.each([
  ["sequentialHedging", sequentialHedging],
  ["concurrentHedging", concurrentHedging],
])("%s", (_name, hedging) => {
  test("answers for work that fails with a fallback that does not", async () => {
    const hooks = new AsyncHooks(fail("1"), hedging({ fallbacks: [fail("2"), answer("3")] }));
    expect(await hooks.invoke("x")).toBe("3");
  });

  test("takes a single fallback, a named one, an object, and any iterable", async () => {
    function* fallbacks() {
      yield answer("generated");
    }
    expect(await new AsyncHooks(fail("1"), hedging({ fallbacks: answer("one") })).invoke("x")).toBe("one");
    const named = { name: "spare", invokable: answer("named") };
    expect(await new AsyncHooks(fail("1"), hedging({ fallbacks: named })).invoke("x")).toBe("named");
    const object = { invoke: answer("object") };
    expect(await new AsyncHooks(fail("1"), hedging({ fallbacks: object })).invoke("x")).toBe("object");
    const generated = new AsyncHooks(fail("1"), hedging({ fallbacks: fallbacks() }));
    expect(await generated.invoke("x")).toBe("generated");
    expect(await generated.invoke("x")).toBe("generated");
  });

  test("works on a lazy promise", async () => {
    const lazy = new LazyPromise<string>(() => Promise.reject(new Error("no")));
    expect(await lazy.pipe(hedging({ fallbacks: () => "spare" }))).toBe("spare");
  });

  test("hands everybody the arguments", async () => {
    const [primary, spare] = [fail("1"), answer("2")];
    await new AsyncHooks(primary, hedging({ fallbacks: spare }), { signalBinder }).invoke("x");
    expect(primary).toHaveBeenCalledWith("x", expect.any(AbortSignal));
    expect(spare).toHaveBeenCalledWith("x", expect.any(AbortSignal));
  });

  test("rejects with all errors when all fail", async () => {
    const hooks = new AsyncHooks(fail("1"), hedging({ fallbacks: [fail("2"), fail("3")] }));
    const error = await hooks.invoke("x").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HedgingAsyncError);
    expect(error).toMatchObject({ errors: [new TypeError("1"), new TypeError("2"), new TypeError("3")] });
  });

  test("a failed result leads on; the last is answered if nobody threw", async () => {
    const failed = (why: string) => async (): Promise<Result<string, string>> => resultFailure(why);
    const succeeded = async (): Promise<Result<string, string>> => resultSuccess("value");
    expect(await new AsyncHooks(failed("1"), hedging({ fallbacks: succeeded })).invoke()).toEqual(
      resultSuccess("value"),
    );
    expect(await new AsyncHooks(failed("1"), hedging({ fallbacks: failed("2") })).invoke()).toEqual(resultFailure("2"));
  });

  test("a failure that the policy does not name ends it", async () => {
    const spare = vi.fn(() => new Promise<string>(() => undefined));
    const hooks = new AsyncHooks(fail("1"), hedging({ fallbacks: spare, errorPolicy: RangeError }));
    await expect(hooks.invoke("x")).rejects.toEqual(new TypeError("1"));
  });

  test("wraps each function in the middlewares", async () => {
    const names: string[] = [];
    const note: AsyncMiddleware<Args, string> = (args, next, { name }) => {
      names.push(name);
      return next(...args);
    };
    const fallbacks = [fail("2"), { name: "spare", invokable: answer("3") }];
    await new AsyncHooks(fail("1"), hedging({ fallbacks, middlewares: note }), { signalBinder }).invoke("x");
    expect(names).toEqual(["primary", "fallback-1", "spare"]);
  });

  test("tells of attempts and failures", async () => {
    const [onHedgingAttempt, onHedgingError] = [vi.fn(), vi.fn()];
    const settings = { fallbacks: answer("2"), onHedgingAttempt, onHedgingError };
    await new AsyncHooks(fail("1"), hedging(settings), { context }).invoke("x");
    const shared = { args: ["x"], context };
    expect(onHedgingAttempt.mock.calls).toEqual([
      [{ ...shared, name: "primary" }],
      [{ ...shared, name: "fallback-1" }],
    ]);
    await vi.waitFor(() =>
      expect(onHedgingError.mock.calls).toEqual([[{ ...shared, name: "primary", error: new TypeError("1") }]]),
    );
  });

  test("what a callback throws, the call throws", async () => {
    const onHedgingAttempt = () => Promise.reject(new Error("callback"));
    const hooks = new AsyncHooks(answer("1"), hedging({ fallbacks: answer("2"), onHedgingAttempt }));
    await expect(hooks.invoke("x")).rejects.toThrow("callback");
  });
});

describe("sequentialHedging", () => {
  test("calls a fallback only after a failure", async () => {
    const spare = answer("2");
    expect(await new AsyncHooks(answer("1"), sequentialHedging({ fallbacks: spare })).invoke("x")).toBe("1");
    expect(spare).not.toHaveBeenCalled();
  });

  test("an abort ends it before the next function", async () => {
    const controller = new AbortController();
    const spare = answer("2");
    const primary = async (_text: string, _signal?: AbortSignal): Promise<string> => {
      controller.abort("enough");
      throw new Error("no");
    };
    const hooks = new AsyncHooks(primary, sequentialHedging({ fallbacks: spare }), { signalBinder });
    await expect(hooks.invoke("x", controller.signal)).rejects.toBe("enough");
    expect(spare).not.toHaveBeenCalled();
  });
});

describe("concurrentHedging", () => {
  const heed = (_text: string, signal?: AbortSignal) =>
    new Promise<string>((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  const hang = () => vi.fn((_text: string, _signal?: AbortSignal) => new Promise<string>(() => undefined));

  test("does not wait for the slow, and aborts them", async () => {
    const [slow, slower] = [hang(), hang()];
    const hooks = new AsyncHooks(slow, concurrentHedging({ fallbacks: [slower, answer("fast")] }), { signalBinder });
    expect(await hooks.invoke("x")).toBe("fast");
    expect(slow.mock.calls[0]?.[1]?.reason).toBeInstanceOf(AsyncError);
    expect(slower.mock.calls[0]?.[1]?.aborted).toBe(true);
  });

  test("does not report those it has given up on", async () => {
    const onHedgingError = vi.fn();
    const slow = vi.fn(heed);
    const settings = { fallbacks: answer("fast"), onHedgingError };
    expect(await new AsyncHooks(slow, concurrentHedging(settings), { signalBinder }).invoke("x")).toBe("fast");
    await expect(slow.mock.results[0]?.value).rejects.toBeInstanceOf(AsyncError);
    await new Promise(setImmediate);
    expect(onHedgingError).not.toHaveBeenCalled();
  });

  test("an abort reaches all of them", async () => {
    const controller = new AbortController();
    const hooks = new AsyncHooks(heed, concurrentHedging({ fallbacks: heed }), { signalBinder });
    const settled = hooks.invoke("x", controller.signal).catch((reason: unknown) => reason);
    await new Promise(setImmediate);
    controller.abort("enough");
    expect(await settled).toMatchObject({ errors: ["enough", "enough"] });
  });
});
