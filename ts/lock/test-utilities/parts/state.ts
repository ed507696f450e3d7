import type { ILock } from "../../contracts";
import { LOCK_STATE } from "../../contracts";
import type { Bench } from "../bench";
import { EVERY_KEY_STATE, KEY_STATES, LONG_TTL, REFRESHED_TTL } from "../key-state";
import { describeHolding, holdingIn } from "../outcome";
import { holdingSeenBy, type Scene } from "../scene";

/** From where a lock of the asker can be asked; all must agree. */
const VIEWS: readonly [string, (scene: Scene) => ILock][] = [
  ["the lock", ({ lock }) => lock],
  ["another object of the lock", ({ twin }) => twin],
  ["another provider", ({ remote }) => remote],
];

/** What the questions about the state of a lock answer. */
export function testState({ expect, test, describe, set }: Bench): void {
  for (const [view, pick] of VIEWS) {
    describe(`asked through ${view}`, () => {
      for (const [, state] of EVERY_KEY_STATE) {
        const holding = holdingIn(state);

        test(`isLocked answers ${holding !== null} for ${state.description}`, async () => {
          expect(await pick(await set(state)).isLocked()).toBe(holding !== null);
        });

        test(`isExpired answers ${holding === null} for ${state.description}`, async () => {
          expect(await pick(await set(state)).isExpired()).toBe(holding === null);
        });

        const isTimed = holding !== null && holding.lasts !== "endless";
        test(`getRemainingTime answers ${isTimed ? "what is left" : "null"} for ${state.description}`, async () => {
          const remaining = await pick(await set(state)).getRemainingTime();
          expect(remaining === null).toBe(!isTimed);
          expect(remaining?.lte(LONG_TTL) ?? true).toBe(true);
          expect(remaining?.gt(LONG_TTL.divide(2)) ?? true).toBe(true);
        });

        test(`getState answers that ${state.description} is ${describeHolding(holding)}`, async () => {
          const answer = await pick(await set(state)).getState();
          if (answer.type === LOCK_STATE.ACQUIRED) {
            expect(holding?.owner).toBe("asker");
            expect(answer.remainingTime === null).toBe(!isTimed);
          } else {
            expect(answer).toEqual(
              holding === null ? { type: LOCK_STATE.EXPIRED } : { type: LOCK_STATE.UNAVAILABLE, owner: holding.owner },
            );
          }
        });
      }
    });
  }

  describe("getRemainingTime", () => {
    for (const method of ["acquire", "acquireBlocking", "refresh"] as const) {
      test(`answers the ttl right after ${method}, less the time that went by`, async () => {
        const { lock } = await set(method === "refresh" ? KEY_STATES.mine : KEY_STATES.absent);
        const ttl = method === "refresh" ? REFRESHED_TTL : LONG_TTL;
        const begun = performance.now();
        expect(await (method === "refresh" ? lock.refresh(ttl) : lock[method]())).toBe(true);
        const left = (await lock.getRemainingTime())?.toMilliseconds() ?? 0;
        const passed = performance.now() - begun;
        expect(Number.isInteger(left)).toBe(true);
        expect(left <= ttl.toMilliseconds()).toBe(true);
        // A clock in whole milliseconds may count one that has only just begun.
        expect(left >= ttl.toMilliseconds() - Math.ceil(passed) - 1).toBe(true);
      });
    }
  });

  describe("a lock that was lost to another", () => {
    test("says so through the object that held it", async () => {
      const { lock, rival } = await set(KEY_STATES.mine);
      await rival.forceRelease();
      expect(await holdingSeenBy(lock)).toEqual(null);
      await rival.acquire();
      expect(await lock.getState()).toEqual({ type: LOCK_STATE.UNAVAILABLE, owner: rival.id });
      expect(await lock.refresh()).toBe(false);
      expect(await lock.release()).toBe(false);
    });

    test("after it expired is the other's", async () => {
      const { lock, rival } = await set(KEY_STATES.mineExpired);
      expect(await rival.acquire()).toBe(true);
      expect(await lock.getState()).toEqual({ type: LOCK_STATE.UNAVAILABLE, owner: rival.id });
      expect(await lock.release()).toBe(false);
      expect(await rival.release()).toBe(true);
    });
  });
}
