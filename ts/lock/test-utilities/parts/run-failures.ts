import { type AsyncLazy, LazyPromise } from "../../../async";
import type { Bench } from "../bench";
import { failureOf } from "../patience";
import { outcomeOf, RUN_METHODS, type RunMethod, recordCalls, replace } from "../run-method";

/** What the run methods do when something in them fails. */
export function testRunFailures(bench: Bench): void {
  for (const method of RUN_METHODS) {
    bench.describe(`${method.name}, failing`, () => {
      testFunction(bench, method);
      testRelease(bench, method);
      testAcquire(bench, method);
    });
  }
}

function testFunction({ expect, test, set }: Bench, method: RunMethod): void {
  const error = new Error("of the function");
  const works: readonly [string, AsyncLazy<never>][] = [
    ["a function throws", () => raise(error)],
    ["a function rejects", async () => raise(error)],
    ["an object with invoke throws", { invoke: () => raise(error) }],
    ["a lazy promise rejects", failing(error)],
  ];
  for (const [failure, work] of works) {
    test(`rejects with what ${failure}, and has released`, async () => {
      const scene = await set();
      const calls: string[] = [];
      recordCalls(scene.lock, ["release"], calls);
      expect(await failureOf(method.call(scene.lock, work))).toBe(error);
      expect(calls).toEqual(["release"]);
      expect(await scene.holding()).toEqual(null);
    });
  }
}

function testRelease({ expect, test, set }: Bench, method: RunMethod): void {
  test("answers what the function did if the release fails", async () => {
    const { lock } = await set();
    replace(lock, "release", () => failing(new Error("of the release")));
    expect(
      await outcomeOf(
        method,
        method.call(lock, () => "value"),
      ),
    ).toEqual({ value: "value" });
  });

  test("rejects with what the function throws if the release fails too", async () => {
    const { lock } = await set();
    const error = new Error("of the function");
    replace(lock, "release", () => failing(new Error("of the release")));
    expect(await failureOf(method.call(lock, () => raise(error)))).toBe(error);
  });

  test("answers what the function did if the lock was lost meanwhile, and leaves the next holder alone", async () => {
    const scene = await set();
    const running = method.call(scene.lock, async () => {
      await scene.rival.forceRelease();
      return scene.rival.acquire();
    });
    expect(await outcomeOf(method, running)).toEqual({ value: true });
    expect(await scene.holding()).toEqual({ owner: "rival", lasts: "long" });
  });
}

function testAcquire({ expect, test, set }: Bench, method: RunMethod): void {
  test("rejects with what acquiring throws, and calls neither the function nor release", async () => {
    const { lock } = await set();
    const error = new Error("of the database");
    const calls: string[] = [];
    recordCalls(lock, ["release"], calls);
    replace(lock, method.acquire, () => failing(error));
    expect(await failureOf(method.call(lock, () => calls.push("fn")))).toBe(error);
    expect(calls).toEqual([]);
  });
}

function failing(error: Error): LazyPromise<never> {
  return new LazyPromise(() => raise(error));
}

function raise(error: Error): never {
  throw error;
}
