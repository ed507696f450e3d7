import type { LazyPromise } from "../../../async";
import type { ILock } from "../../contracts";
import type { Bench } from "../bench";
import { KEY_STATES } from "../key-state";
import { EVERY_LOCK_METHOD } from "../lock-method";
import { until } from "../patience";
import { RUN_METHODS } from "../run-method";

/** Every method that changes something or tells of an event. */
const METHODS = new Map<string, (lock: ILock) => LazyPromise<unknown>>([
  ...EVERY_LOCK_METHOD.map(([name, { call }]) => [name, call] as const),
  ...RUN_METHODS.map(({ name, call }) => [name, (lock: ILock) => call(lock, () => undefined)] as const),
]);

/** When the work of the methods begins, and how often it is done. */
export function testLaziness({ expect, test, describe, set, log }: Bench): void {
  describe("laziness", () => {
    for (const [name, call] of METHODS) {
      test(`${name} begins when it is awaited, and is done once however often that is`, async () => {
        const scene = await set(KEY_STATES.mine);
        const events = await log();
        const promise = call(scene.lock);
        await new Promise((resolve) => setImmediate(resolve));
        expect(await scene.holding()).toEqual({ owner: "asker", lasts: "long" });
        expect(events).toEqual([]);
        const first = await promise.catch((error: unknown) => error);
        const second = await promise.catch((error: unknown) => error);
        expect(second).toBe(first);
        expect(events.length).toBe(1);
      });
    }

    test("a method that is deferred begins", async () => {
      const { lock, remote } = await set();
      lock.acquire().defer();
      await until(() => remote.isLocked(), "the lock was acquired");
    });

    test("a method that is called again is done again", async () => {
      const { lock } = await set();
      expect([await lock.acquire(), await lock.acquire()]).toEqual([true, false]);
      expect([await lock.release(), await lock.release()]).toEqual([true, false]);
    });
  });
}
