import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type AsyncContext,
  AsyncHooks,
  constantBackoffPolicy,
  type ErrorPolicy,
  LazyPromise,
  retry,
  timeout,
} from "../../ts/async";
import { InvalidInputError, resultFailure, resultSuccess, type StandardSchema, TimeSpan } from "../../ts/utilities";

const backoffPolicy = constantBackoffPolicy({ delay: TimeSpan.fromMilliseconds(50), jitter: null });

/** Work that ends with each of these in turn, and with the last ever after; errors are thrown. */
function work(...outcomes: unknown[]) {
  let attempts = 0;
  return vi.fn(async () => {
    const outcome = outcomes[Math.min(attempts, outcomes.length - 1)];
    attempts += 1;
    if (outcome instanceof Error) {
      throw outcome;
    }
    return outcome;
  });
}

/** Settles work under fake timers and tells what it ended with and how long it took. */
async function settle(promise: PromiseLike<unknown>): Promise<{ value?: unknown; error?: unknown; took: number }> {
  const start = Date.now();
  let took = -1;
  const outcome = promise.then(
    (value) => {
      took = Date.now() - start;
      return { value };
    },
    (error: unknown) => {
      took = Date.now() - start;
      return { error };
    },
  );
  await vi.runAllTimersAsync();
  return { ...(await outcome), took };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("attempts", () => {
  test("work that succeeds is done once, without a wait", async () => {
    const once = work("value");
    expect(await settle(new LazyPromise(once).pipe(retry()))).toEqual({ value: "value", took: 0 });
    expect(once).toHaveBeenCalledTimes(1);
  });

  test("a thrown error is retried until it succeeds", async () => {
    const third = work(new Error("1"), new Error("2"), "value");
    const settled = await settle(new LazyPromise(third).pipe(retry({ backoffPolicy })));
    expect(settled).toEqual({ value: "value", took: 100 });
    expect(third).toHaveBeenCalledTimes(3);
  });

  test("it is four attempts by default, and the last error", async () => {
    const never = work(new Error("1"), new Error("2"), new Error("3"), new Error("4"), new Error("5"));
    const settled = await settle(new LazyPromise(never).pipe(retry({ backoffPolicy })));
    expect(settled.error).toEqual(new Error("4"));
    expect(never).toHaveBeenCalledTimes(4);
  });

  test("there is no wait after the last attempt", async () => {
    const never = work(new Error("no"));
    expect((await settle(new LazyPromise(never).pipe(retry({ maxAttempts: 2, backoffPolicy })))).took).toBe(50);
    expect((await settle(new LazyPromise(never).pipe(retry({ maxAttempts: 1, backoffPolicy })))).took).toBe(0);
  });

  test("there may be any number of attempts", async () => {
    let left = 100;
    const eventually = new LazyPromise(async () => {
      left -= 1;
      if (left > 0) {
        throw new Error("no");
      }
      return "value";
    });
    const patient = retry<[], string, AsyncContext>({ maxAttempts: Number.POSITIVE_INFINITY, backoffPolicy });
    expect((await settle(eventually.pipe(patient))).value).toBe("value");
  });

  test.each([0, -1, 1.5, Number.NaN, "2"])("refuses %s attempts", (maxAttempts) => {
    expect(() => retry({ maxAttempts: maxAttempts as number })).toThrow(InvalidInputError);
    expect(() => retry({ maxAttempts: maxAttempts as number })).toThrow("pass a whole number, 1 or more");
  });

  test("waits by the default policy grow", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const settled = await settle(new LazyPromise(work(new Error("no"))).pipe(retry()));
    expect(settled.took).toBe(2_000 + 4_000 + 8_000);
    vi.mocked(Math.random).mockRestore();
  });

  test("a wait that is no time span is refused", async () => {
    const policy = () => 5 as never;
    const settled = await settle(new LazyPromise(work(new Error("no"))).pipe(retry({ backoffPolicy: policy })));
    expect(settled.error).toBeInstanceOf(InvalidInputError);
  });

  test("hands the work its arguments each time", async () => {
    const divide = vi.fn(async (_left: number, _right: number): Promise<number> => {
      throw new Error("no");
    });
    await settle(new AsyncHooks(divide, retry({ maxAttempts: 2, backoffPolicy })).invoke(1, 0));
    expect(divide.mock.calls).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });
});

describe("failed results", () => {
  const failure = resultFailure(new TypeError("no"));

  test("are retried, and the last is answered", async () => {
    const never = work(failure);
    expect(await settle(new LazyPromise(never).pipe(retry({ backoffPolicy })))).toEqual({ value: failure, took: 150 });
    expect(never).toHaveBeenCalledTimes(4);
  });

  test("give way to a success", async () => {
    const second = work(failure, resultSuccess(1));
    const settled = await settle(new LazyPromise(second).pipe(retry({ backoffPolicy })));
    expect(settled.value).toEqual(resultSuccess(1));
  });

  test("are retried only if the policy names their error", async () => {
    const never = work(failure);
    await settle(new LazyPromise(never).pipe(retry({ backoffPolicy, errorPolicy: RangeError })));
    expect(never).toHaveBeenCalledTimes(1);
    await settle(new LazyPromise(never).pipe(retry({ backoffPolicy, errorPolicy: TypeError })));
    expect(never).toHaveBeenCalledTimes(5);
  });

  test("an error thrown before is thrown in the end", async () => {
    const mixed = work(new Error("thrown"), failure);
    expect((await settle(new LazyPromise(mixed).pipe(retry({ backoffPolicy })))).error).toEqual(new Error("thrown"));
  });
});

describe("treatFalseAsError", () => {
  const errorPolicy = { treatFalseAsError: true };

  test("retries false until it is something else", async () => {
    const third = work(false, false, true);
    const settled = await settle(new LazyPromise(third).pipe(retry({ backoffPolicy, errorPolicy })));
    expect(settled).toEqual({ value: true, took: 100 });
  });

  test("answers false in the end", async () => {
    const never = work(false);
    const settled = await settle(new LazyPromise(never).pipe(retry({ backoffPolicy, errorPolicy })));
    expect(settled.value).toBe(false);
    expect(never).toHaveBeenCalledTimes(4);
  });

  test("retries a failed result as well", async () => {
    const second = work(resultFailure(new Error("no")), resultSuccess(1));
    const settled = await settle(new LazyPromise(second).pipe(retry({ backoffPolicy, errorPolicy })));
    expect(settled.value).toEqual(resultSuccess(1));
    expect(second).toHaveBeenCalledTimes(2);
  });

  test("rethrows a thrown error at once", async () => {
    const thrower = work(new Error("no"));
    const settled = await settle(new LazyPromise(thrower).pipe(retry({ backoffPolicy, errorPolicy })));
    expect(settled).toEqual({ error: new Error("no"), took: 0 });
    expect(thrower).toHaveBeenCalledTimes(1);
  });

  test.each([0, "", null, undefined, resultSuccess(false)])("does not retry %j", async (value) => {
    const falsy = work(value);
    await settle(new LazyPromise(falsy).pipe(retry({ backoffPolicy, errorPolicy })));
    expect(falsy).toHaveBeenCalledTimes(1);
  });

  test("set to false retries nothing", async () => {
    for (const outcome of [false, resultFailure(new Error("no")), new Error("no")]) {
      const never = work(outcome);
      await settle(new LazyPromise(never).pipe(retry({ backoffPolicy, errorPolicy: { treatFalseAsError: false } })));
      expect(never).toHaveBeenCalledTimes(1);
    }
  });

  test("false is a value like any other without it", async () => {
    const never = work(false);
    await settle(new LazyPromise(never).pipe(retry({ backoffPolicy })));
    await settle(new LazyPromise(never).pipe(retry({ backoffPolicy, errorPolicy: () => true })));
    expect(never).toHaveBeenCalledTimes(2);
  });
});

describe("error policies", () => {
  class Conflict extends Error {
    readonly table = "lock";
  }
  class DeepConflict extends Conflict {}

  /** A class as older compilers write it. */
  function Legacy(this: Error, message: string) {
    this.message = message;
  }
  Legacy.prototype = Object.create(Error.prototype) as Error;

  const schema = (asynchronous: boolean): StandardSchema => ({
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        const result = value instanceof Conflict ? { value } : { issues: [{ message: "no conflict" }] };
        return asynchronous ? Promise.resolve(result) : result;
      },
    },
  });
  const schemaFunction = Object.assign(() => false, schema(false));

  const policies: [string, ErrorPolicy][] = [
    ["a predicate", (error: Conflict) => error.table === "lock"],
    ["an asynchronous predicate", async (error: Conflict) => error.table === "lock"],
    ["an invokable object", { invoke: (error: unknown) => error instanceof Conflict }],
    ["a class", Conflict],
    ["an array of classes", [RangeError, Conflict]],
    ["a schema", schema(false)],
    ["an asynchronous schema", schema(true)],
    ["a schema that is a function", schemaFunction],
  ];

  test.each(policies)("%s retries what it names and nothing else", async (_name, errorPolicy) => {
    for (const outcome of [new Conflict("no"), new DeepConflict("no"), resultFailure(new Conflict("no"))]) {
      const named = work(outcome);
      await settle(new LazyPromise(named).pipe(retry({ maxAttempts: 2, backoffPolicy, errorPolicy })));
      expect(named).toHaveBeenCalledTimes(2);
    }
    for (const outcome of [new TypeError("no"), resultFailure(new TypeError("no")), "value", false]) {
      const other = work(outcome);
      await settle(new LazyPromise(other).pipe(retry({ maxAttempts: 2, backoffPolicy, errorPolicy })));
      expect(other).toHaveBeenCalledTimes(1);
    }
  });

  test("a class is known by its prototype, not by its source text", async () => {
    const legacy = new (Legacy as unknown as new (message: string) => Error)("no");
    for (const [errorClass, error] of [
      [Legacy, legacy],
      [Error, new Error("no")],
      [DOMException, new DOMException("no")],
    ] as [ErrorPolicy, Error][]) {
      const named = work(error);
      const settled = settle(
        new LazyPromise(named).pipe(retry({ maxAttempts: 2, backoffPolicy, errorPolicy: errorClass })),
      );
      expect((await settled).error).toBe(error);
      expect(named).toHaveBeenCalledTimes(2);
    }
  });

  test("an empty array names nothing", async () => {
    const never = work(new Error("no"));
    await settle(new LazyPromise(never).pipe(retry({ backoffPolicy, errorPolicy: [] })));
    expect(never).toHaveBeenCalledTimes(1);
  });

  test.each([{}, "Error", 5, null, [() => true]])("refuses %j, which is none", async (errorPolicy) => {
    const never = work(new Error("no"));
    const pipe = new LazyPromise(never).pipe(retry({ backoffPolicy, errorPolicy: errorPolicy as never }));
    expect((await settle(pipe)).error).toBeInstanceOf(InvalidInputError);
    expect(never).toHaveBeenCalledTimes(1);
  });

  test("what a policy throws ends the retrying", async () => {
    const errorPolicy = () => {
      throw new Error("policy");
    };
    const never = work(new Error("no"));
    const settled = await settle(new LazyPromise(never).pipe(retry({ backoffPolicy, errorPolicy })));
    expect(settled.error).toEqual(new Error("policy"));
    expect(never).toHaveBeenCalledTimes(1);
  });
});

describe("callbacks", () => {
  test("are told of attempts and waits", async () => {
    const log: unknown[] = [];
    const third = work(new Error("1"), false, true);
    const told = retry<[], unknown, Record<string, unknown>>({
      backoffPolicy,
      errorPolicy: undefined,
      onExecutionAttempt: (data) => log.push(data),
      onRetryDelay: { invoke: (data) => log.push(data) },
    });
    await settle(new AsyncHooks(third, told, { context: { tenant: "a" } }).invoke());
    const shared = { args: [], context: { tenant: "a" } };
    expect(log).toEqual([
      { ...shared, attempt: 1 },
      { ...shared, attempt: 1, error: new Error("1"), waitTime: TimeSpan.fromMilliseconds(50) },
      { ...shared, attempt: 2 },
    ]);
  });

  test("and policies hear the error of a failed result, and undefined for a false", async () => {
    const errors: unknown[] = [];
    const policy = (attempt: number, error: unknown) => {
      errors.push([attempt, error]);
      return TimeSpan.fromMilliseconds(1);
    };
    const failing = work(resultFailure("why"), false, true);
    await settle(
      new LazyPromise(failing).pipe(retry({ backoffPolicy: policy, errorPolicy: { treatFalseAsError: true } })),
    );
    expect(errors).toEqual([
      [1, "why"],
      [2, undefined],
    ]);
  });

  test.each(["onExecutionAttempt", "onRetryDelay"])("what %s throws, the call throws", async (name) => {
    const fail = async () => {
      throw new Error("callback");
    };
    const settled = await settle(new LazyPromise(work(new Error("no"))).pipe(retry({ backoffPolicy, [name]: fail })));
    expect(settled.error).toEqual(new Error("callback"));
  });
});

describe("aborting", () => {
  const signalBinder = {
    getSignal: ([signal]: [AbortSignal]) => signal,
    forwardSignal: (args: [AbortSignal], signal: AbortSignal) => {
      args[0] = signal;
    },
  };

  test("ends a wait at once with the signal's reason, and clears its timer", async () => {
    const controller = new AbortController();
    const never = vi.fn((_signal: AbortSignal) => Promise.reject(new Error("no")));
    const settled = new AsyncHooks(never, retry({ backoffPolicy }), { signalBinder })
      .invoke(controller.signal)
      .catch((reason: unknown) => reason);
    await vi.advanceTimersByTimeAsync(60);
    expect(never).toHaveBeenCalledTimes(2);
    controller.abort("enough");
    expect(await settled).toBe("enough");
    expect(vi.getTimerCount()).toBe(0);
    expect(never).toHaveBeenCalledTimes(2);
  });

  test("during an attempt, no other follows", async () => {
    const controller = new AbortController();
    const never = vi.fn(async (_signal: AbortSignal) => {
      controller.abort("enough");
      throw new Error("no");
    });
    const hooks = new AsyncHooks(never, retry({ backoffPolicy }), { signalBinder });
    await expect(hooks.invoke(controller.signal)).rejects.toBe("enough");
    expect(never).toHaveBeenCalledTimes(1);
  });

  test("before the first attempt, none is made", async () => {
    const never = vi.fn(async (_signal: AbortSignal) => "value");
    const hooks = new AsyncHooks(never, retry({ backoffPolicy }), { signalBinder });
    await expect(hooks.invoke(AbortSignal.abort("enough"))).rejects.toBe("enough");
    expect(never).not.toHaveBeenCalled();
  });

  test("a timeout around it ends the attempts", async () => {
    const never = work(new Error("no"));
    const pipe = new LazyPromise(never).pipe([
      timeout({ waitTime: TimeSpan.fromMilliseconds(120) }),
      retry({ maxAttempts: 100, backoffPolicy }),
    ]);
    expect(await settle(pipe)).toMatchObject({ error: { code: "TIMEOUT" }, took: 120 });
    expect(never).toHaveBeenCalledTimes(3);
  });
});
