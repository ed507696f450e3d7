import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type AsyncMiddleware, type AsyncNext, isLazyPromise, LazyPromise } from "../../ts/async";
import { InvalidInputError, TimeSpan } from "../../ts/utilities";

/** Fails with error "1", then "2", and answers the number of the attempt from the third on. */
function thirdTimeLucky() {
  let attempts = 0;
  return vi.fn(async () => {
    attempts += 1;
    if (attempts < 3) {
      throw new Error(String(attempts));
    }
    return attempts;
  });
}

const again: AsyncMiddleware<[], number> = async (_args, next) => {
  try {
    return await next();
  } catch {
    return next();
  }
};

describe("beginning", () => {
  test("nothing runs by making, piping or keeping one", async () => {
    const work = vi.fn(() => 1);
    const lazy = new LazyPromise(work);
    lazy.pipe(again).pipeWhen(true, again);
    LazyPromise.all([lazy]);
    await new Promise(setImmediate);
    expect(work).not.toHaveBeenCalled();
  });

  test.each([
    ["await", async (lazy: LazyPromise<number>) => void (await lazy)],
    ["then", (lazy: LazyPromise<number>) => lazy.then()],
    ["catch", (lazy: LazyPromise<number>) => lazy.catch()],
    ["finally", (lazy: LazyPromise<number>) => lazy.finally()],
    ["defer", (lazy: LazyPromise<number>) => lazy.defer()],
  ])("%s begins it", async (_name, begin) => {
    const work = vi.fn(() => 1);
    await begin(new LazyPromise(work));
    expect(work).toHaveBeenCalledTimes(1);
  });

  test("defer begins it at once and returns nothing", () => {
    const work = vi.fn(() => 1);
    expect(new LazyPromise(work).defer()).toBe(undefined);
    expect(work).toHaveBeenCalledTimes(1);
  });

  test("it runs once however often it is awaited", async () => {
    const value = {};
    const work = vi.fn(async () => value);
    const lazy = new LazyPromise(work);
    lazy.defer();
    lazy.defer();
    expect(await lazy).toBe(value);
    expect(await lazy).toBe(value);
    expect(await lazy.finally(() => undefined)).toBe(value);
    expect(work).toHaveBeenCalledTimes(1);
  });

  test("a failure is remembered as well", async () => {
    const work = vi.fn(async () => Promise.reject(new Error("no")));
    const lazy = new LazyPromise(work);
    await expect(lazy).rejects.toThrow("no");
    await expect(lazy).rejects.toThrow("no");
    expect(work).toHaveBeenCalledTimes(1);
  });
});

class Five {
  private readonly value = 5;

  invoke() {
    return this.value;
  }
}

describe("sources", () => {
  test.each([
    ["a synchronous function", () => 5],
    ["an asynchronous function", async () => 5],
    ["an invokable object", new Five()],
    ["a lazy promise", new LazyPromise(() => 5)],
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what this passes.
    ["a foreign thenable", () => ({ then: (resolve: (value: number) => void) => resolve(5) }) as PromiseLike<number>],
  ])("%s", async (_name, source) => {
    expect(await new LazyPromise<number>(source)).toBe(5);
    expect(await new LazyPromise<number>(source).pipe(again)).toBe(5);
  });

  test("what a function throws at once is a rejection", async () => {
    const fail = () => {
      throw new Error("no");
    };
    const lazy = new LazyPromise(fail);
    const settled = lazy.then(undefined, (error: Error) => error.message);
    expect(await settled).toBe("no");
    await expect(new LazyPromise({ invoke: fail })).rejects.toThrow("no");
    await expect(new LazyPromise<number>(fail).pipe(again)).rejects.toThrow("no");
  });

  test.each([undefined, null, 5, {}])("refuses %j, as a rejection", async (source) => {
    await expect(new LazyPromise(source as never)).rejects.toBeInstanceOf(InvalidInputError);
  });

  test("a lazy promise as source does its work once", async () => {
    const work = vi.fn(() => 5);
    const source = new LazyPromise(work);
    await new LazyPromise(source);
    await new LazyPromise(source);
    expect(work).toHaveBeenCalledTimes(1);
  });
});

describe("as a promise", () => {
  test("then, catch and finally answer native promises", async () => {
    const lazy = new LazyPromise(() => 5);
    expect(lazy.then((value) => value + 1)).toBeInstanceOf(Promise);
    expect(await lazy.then((value) => value + 1)).toBe(6);
    expect(lazy.catch(() => 0)).toBeInstanceOf(Promise);
    expect(await lazy.catch(() => 0)).toBe(5);
    const after = vi.fn();
    expect(lazy.finally(after)).toBeInstanceOf(Promise);
    expect(await lazy.finally(after)).toBe(5);
    expect(after).toHaveBeenCalledTimes(2);
  });

  test("catch recovers and finally does not", async () => {
    const lazy = new LazyPromise(() => Promise.reject(new Error("no")));
    expect(await lazy.catch((error: Error) => error.message)).toBe("no");
    const after = vi.fn();
    await expect(lazy.finally(after)).rejects.toThrow("no");
    expect(after).toHaveBeenCalledTimes(1);
  });

  test("works with the statics of Promise", async () => {
    expect(await Promise.all([new LazyPromise(() => 1), new LazyPromise(() => 2)])).toEqual([1, 2]);
  });

  test("has a name of its own", () => {
    expect(Object.prototype.toString.call(new LazyPromise(() => 1))).toBe("[object LazyPromise]");
  });

  test("defer leaves a failure to the process, like any floating promise", async () => {
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    try {
      const unhandled = new Promise((resolve) => process.once("unhandledRejection", resolve));
      new LazyPromise(() => Promise.reject(new Error("left alone"))).defer();
      expect(await unhandled).toEqual(new Error("left alone"));
    } finally {
      for (const listener of listeners) {
        process.on("unhandledRejection", listener);
      }
    }
  });

  test("a deferred failure that is awaited is handled", async () => {
    const lazy = new LazyPromise(() => Promise.reject(new Error("no")));
    lazy.defer();
    await expect(lazy).rejects.toThrow("no");
  });
});

describe("pipe", () => {
  const trace = (name: string, log: string[]) => async (_args: [], next: AsyncNext<[], number>) => {
    log.push(`${name} before`);
    const value = await next();
    log.push(`${name} after`);
    return value;
  };

  test("wraps the work; the first of a list is the outermost", async () => {
    const log: string[] = [];
    const work = () => log.push("work");
    await new LazyPromise(work, trace("1", log)).pipe([trace("2", log), trace("3", log)]).pipe(trace("4", log));
    expect(log).toEqual([
      "1 before",
      "2 before",
      "3 before",
      "4 before",
      "work",
      "4 after",
      "3 after",
      "2 after",
      "1 after",
    ]);
  });

  test("takes any iterable, read once, and invokable objects", async () => {
    const log: string[] = [];
    function* middlewares() {
      yield { invoke: trace("object", log) };
    }
    const lazy = new LazyPromise(() => 5, middlewares());
    expect(await lazy).toBe(5);
    expect(await lazy.pipe(middlewares())).toBe(5);
    expect(log.filter((line) => line === "object before")).toHaveLength(3);
  });

  test("leaves the original as it was, and runs the work anew", async () => {
    const work = thirdTimeLucky();
    const lazy = new LazyPromise(work);
    await expect(lazy).rejects.toThrow("1");
    expect(await lazy.pipe(again)).toBe(3);
    await expect(lazy).rejects.toThrow("1");
    expect(work).toHaveBeenCalledTimes(3);
  });

  test("runs once per instance, through its middlewares", async () => {
    const work = vi.fn(() => 5);
    const middleware = vi.fn<(args: [], next: () => Promise<number>) => Promise<number>>((_args, next) => next());
    const lazy = new LazyPromise(work).pipe(middleware);
    lazy.defer();
    await lazy;
    await lazy;
    expect(middleware).toHaveBeenCalledTimes(1);
    expect(work).toHaveBeenCalledTimes(1);
  });

  test("pipeWhen wraps only if the condition holds, and is unexecuted either way", async () => {
    const log: string[] = [];
    const work = vi.fn(() => 5);
    const lazy = new LazyPromise(work);
    await lazy;
    await lazy.pipeWhen(false, trace("never", log));
    await lazy.pipeWhen(true, trace("always", log));
    expect(log).toEqual(["always before", "always after"]);
    expect(work).toHaveBeenCalledTimes(3);
  });
});

describe("combining", () => {
  const value = <T>(result: T) => new LazyPromise(async () => result);
  const failure = (message: string) => new LazyPromise<never>(() => Promise.reject(new Error(message)));
  const never = () => new LazyPromise<never>(() => new Promise<never>(() => undefined));

  test("all", async () => {
    expect(await LazyPromise.all([value(1), value("a")])).toEqual([1, "a"]);
    expect(await LazyPromise.all([])).toEqual([]);
    await expect(LazyPromise.all([value(1), failure("no")])).rejects.toThrow("no");
  });

  test("allSettled", async () => {
    expect(await LazyPromise.allSettled([value(1), failure("no")])).toEqual([
      { status: "fulfilled", value: 1 },
      { status: "rejected", reason: new Error("no") },
    ]);
  });

  test("any", async () => {
    expect(await LazyPromise.any([failure("no"), value(1)])).toBe(1);
    await expect(LazyPromise.any([failure("no")])).rejects.toBeInstanceOf(AggregateError);
  });

  test("race", async () => {
    expect(await LazyPromise.race([never(), value(1)])).toBe(1);
    await expect(LazyPromise.race([never(), failure("no")])).rejects.toThrow("no");
  });

  test.each(["all", "allSettled", "any", "race"] as const)("%s is lazy", async (name) => {
    const work = vi.fn(() => 1);
    const combined = LazyPromise[name]([new LazyPromise(work), new LazyPromise(work)]);
    await new Promise(setImmediate);
    expect(work).not.toHaveBeenCalled();
    await combined;
    expect(work).toHaveBeenCalledTimes(2);
  });
});

describe("delay", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("takes the time, counted from when it is awaited", async () => {
    const done = vi.fn();
    const lazy = LazyPromise.delay(TimeSpan.fromSeconds(1));
    await vi.advanceTimersByTimeAsync(5_000);
    const settled = lazy.then(done);
    await vi.advanceTimersByTimeAsync(999);
    expect(done).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(done).toHaveBeenCalledTimes(1);
    await settled;
  });

  test("is not cut short by the longest time of a timer", async () => {
    const done = vi.fn();
    const settled = LazyPromise.delay(TimeSpan.fromDays(60)).then(done);
    await vi.advanceTimersByTimeAsync(TimeSpan.fromDays(60).toMilliseconds() - 1);
    expect(done).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(done).toHaveBeenCalledTimes(1);
    await settled;
  });

  test("rejects with the signal's reason and leaves no timer", async () => {
    const controller = new AbortController();
    const settled = LazyPromise.delay(TimeSpan.fromDays(60), controller.signal).catch((reason) => reason);
    await vi.advanceTimersByTimeAsync(TimeSpan.fromDays(40).toMilliseconds());
    expect(vi.getTimerCount()).toBe(1);
    controller.abort("enough");
    expect(await settled).toBe("enough");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("rejects at once if the signal is aborted already", async () => {
    await expect(LazyPromise.delay(TimeSpan.fromSeconds(1), AbortSignal.abort("enough"))).rejects.toBe("enough");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("leaves no listener on the signal", async () => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, "addEventListener");
    const remove = vi.spyOn(signal, "removeEventListener");
    const settled = LazyPromise.delay(TimeSpan.fromSeconds(1), signal).then();
    expect(add).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    await settled;
    expect(remove).toHaveBeenCalledWith("abort", add.mock.calls[0]?.[1]);
  });

  test("refuses what is no time span", () => {
    expect(() => LazyPromise.delay(5 as never)).toThrow(InvalidInputError);
  });
});

describe("making lazy promises", () => {
  test("fromCallback", async () => {
    const executor = vi.fn((resolve: (value: number) => void) => resolve(5));
    const lazy = LazyPromise.fromCallback<number>(executor);
    expect(executor).not.toHaveBeenCalled();
    expect(await lazy).toBe(5);
    await expect(LazyPromise.fromCallback((_resolve, reject) => reject(new Error("no")))).rejects.toThrow("no");
    await expect(
      LazyPromise.fromCallback(() => {
        throw new Error("at once");
      }),
    ).rejects.toThrow("at once");
  });

  test("wrapFn", async () => {
    const add = vi.fn(async (left: number, right: number) => left + right);
    const lazyAdd = LazyPromise.wrapFn(add);
    const lazy = lazyAdd(1, 2);
    expect(add).not.toHaveBeenCalled();
    expect(await lazy).toBe(3);
    expect(await LazyPromise.wrapFn({ invoke: add })(2, 3)).toBe(5);
  });

  test("isLazyPromise", () => {
    expect(isLazyPromise(new LazyPromise(() => 1))).toBe(true);
    expect(isLazyPromise(Promise.resolve())).toBe(false);
    expect(isLazyPromise({ defer() {} })).toBe(false);
    expect(isLazyPromise(null)).toBe(false);
    expect(isLazyPromise(() => 1)).toBe(false);
  });
});
