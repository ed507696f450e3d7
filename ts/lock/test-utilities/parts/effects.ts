import type { ILock } from "../../contracts";
import type { Bench } from "../bench";
import { EVERY_KEY_STATE } from "../key-state";
import { LOCK_METHODS } from "../lock-method";
import { describeHolding, EVERY_VERB, holdingAfter } from "../outcome";
import { holdingSeenBy } from "../scene";

/** What the verbs leave behind, as everybody sees it. The asker acts through another object than the one that holds. */
export function testEffects({ expect, test, describe, set }: Bench): void {
  for (const [verb, outcomes] of EVERY_VERB) {
    describe(`after ${verb}`, () => {
      for (const [name, state] of EVERY_KEY_STATE) {
        const after = holdingAfter(outcomes[name], state);
        test(`${state.description} is ${describeHolding(after)}`, async () => {
          const scene = await set(state);
          await LOCK_METHODS[verb].call(scene.twin);
          for (const lock of [scene.lock, scene.twin, scene.remote]) {
            expect(await holdingSeenBy(lock)).toEqual(after);
          }
          expect(await scene.isFree()).toBe(after === null);
        });
      }
    });
  }

  describe("after a refusal", () => {
    const rivals: readonly [string, (lock: ILock) => PromiseLike<unknown>][] = [
      ["acquire", (lock) => lock.acquire()],
      ["release", (lock) => lock.release()],
      ["refresh", (lock) => lock.refresh()],
    ];
    for (const [name, ask] of rivals) {
      test(`of ${name} to another the holder can go on`, async () => {
        const { lock, rival } = await set();
        await lock.acquire();
        expect(await ask(rival)).toBe(false);
        expect(await holdingSeenBy(lock)).toEqual({ owner: "asker", lasts: "long" });
        expect(await lock.refresh()).toBe(true);
        expect(await lock.release()).toBe(true);
      });
    }
  });
}
