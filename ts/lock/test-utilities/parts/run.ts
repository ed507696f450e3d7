import { LazyPromise } from "../../../async";
import { LOCK_EVENTS } from "../../contracts";
import type { Bench } from "../bench";
import { count } from "../event-log";
import { EVERY_KEY_STATE, KEY_STATES } from "../key-state";
import { eventsOf, MANY_TRIES } from "../lock-method";
import { describeHolding, holdingIn, OUTCOMES, refusalOf } from "../outcome";
import { until } from "../patience";
import { outcomeOf, RUN_METHODS, type RunMethod, recordCalls } from "../run-method";

const { RELEASED, UNAVAILABLE } = LOCK_EVENTS;

/** What the run methods call, answer, leave behind and tell of. */
export function testRun(bench: Bench): void {
  for (const method of RUN_METHODS) {
    bench.describe(method.name, () => {
      testStates(bench, method);
      testOrder(bench, method);
      testFunctions(bench, method);
    });
  }
  testWaiting(bench);
}

function testStates({ expect, test, set, log }: Bench, method: RunMethod): void {
  for (const [name, state] of EVERY_KEY_STATE) {
    const outcome = OUTCOMES.acquire[name];
    const refusal = refusalOf(outcome);
    const isCalled = refusal === undefined;
    const after = isCalled ? null : holdingIn(state);

    test(`${isCalled ? "calls the function" : `refuses with ${refusal.type.name}`} for ${state.description}`, async () => {
      const { lock } = await set(state);
      const calls: string[] = [];
      const running = method.call(lock, () => calls.push("fn"));
      const ended = await outcomeOf(method, running);
      expect(calls).toEqual(isCalled ? ["fn"] : []);
      if (isCalled) {
        expect(ended).toEqual({ value: 1 });
      } else {
        const { refusal: error } = ended as { refusal: unknown };
        expect(error instanceof refusal.type).toBe(true);
      }
    });

    test(`leaves ${state.description} ${describeHolding(after)}`, async () => {
      const scene = await set(state);
      await method.call(scene.lock, () => undefined).catch(() => undefined);
      expect(await scene.holding()).toEqual(after);
      expect(await scene.isFree()).toBe(after === null);
    });

    test(`tells of ${isCalled ? "the acquiring and the release" : "the refusal"} for ${state.description}`, async () => {
      // The twin, because its lease is not over before the function is.
      const { twin } = await set(state);
      const events = await log();
      await method.call(twin, () => undefined).catch(() => undefined);
      expect(events).toEqual([...eventsOf(outcome, twin), ...(isCalled ? eventsOf(RELEASED, twin) : [])]);
    });
  }
}

function testOrder({ expect, test, set }: Bench, method: RunMethod): void {
  test(`calls ${method.acquire}, the function and release, once each and in this order`, async () => {
    const { lock } = await set();
    const calls: string[] = [];
    recordCalls(lock, [method.acquire, "release"], calls);
    await method.call(lock, async () => {
      calls.push("fn begins");
      await Promise.resolve();
      calls.push("fn ends");
    });
    expect(calls).toEqual([method.acquire, "fn begins", "fn ends", "release"]);
  });

  test("does not call release if it has not acquired", async () => {
    const { lock } = await set(KEY_STATES.mine);
    const calls: string[] = [];
    recordCalls(lock, [method.acquire, "release"], calls);
    await method.call(lock, () => calls.push("fn")).catch(() => undefined);
    expect(calls).toEqual([method.acquire]);
  });

  test("holds the lock while the function works", async () => {
    const { lock, rival } = await set();
    const running = method.call(lock, async () => [await lock.isLocked(), await rival.acquire()]);
    expect(await outcomeOf(method, running)).toEqual({ value: [true, false] });
  });

  test("inside itself is refused, and does not free the lock", async () => {
    const scene = await set();
    const { lock } = scene;
    const seen = { inner: "", after: false };
    await method.call(lock, async () => {
      const inner = await outcomeOf(
        method,
        method.call(lock, () => "never"),
      );
      seen.inner = Object.keys(inner).join();
      seen.after = await lock.isLocked();
    });
    expect(seen).toEqual({ inner: "refusal", after: true });
    expect(await scene.holding()).toEqual(null);
  });
}

function testFunctions({ expect, test, set }: Bench, method: RunMethod): void {
  const works = [
    ["a function", () => "value"],
    ["an asynchronous function", async () => "value"],
    [
      "an object with invoke",
      {
        value: "value",
        invoke() {
          return this.value;
        },
      },
    ],
    ["a lazy promise", new LazyPromise(() => "value")],
  ] as const;
  for (const [kind, work] of works) {
    test(`takes ${kind}`, async () => {
      const { lock } = await set();
      expect(await outcomeOf(method, method.call(lock, work))).toEqual({ value: "value" });
    });
  }

  test("begins a lazy promise while it holds the lock, and once only", async () => {
    const { lock } = await set();
    const seen: boolean[] = [];
    const work = new LazyPromise(async () => seen.push(await lock.isLocked()));
    expect(await outcomeOf(method, method.call(lock, work))).toEqual({ value: 1 });
    expect(await outcomeOf(method, method.call(lock, work))).toEqual({ value: 1 });
    expect(seen).toEqual([true]);
  });
}

function testWaiting({ expect, test, describe, set, log }: Bench): void {
  for (const name of ["runBlocking", "runBlockingOrFail"] as const) {
    describe(`${name}, waiting`, () => {
      test("calls the function when the key is released", async () => {
        const { lock, rival } = await set(KEY_STATES.othersEndless);
        const events = await log();
        const calls: string[] = [];
        const running = lock[name](() => calls.push("fn"), MANY_TRIES).then(() => undefined);
        await until(() => count(events, UNAVAILABLE) > 2, "it had tried three times");
        expect(calls).toEqual([]);
        await rival.release();
        await running;
        expect(calls).toEqual(["fn"]);
      });
    });
  }
}
