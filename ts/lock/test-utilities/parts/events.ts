import type { Bench } from "../bench";
import { EVERY_KEY_STATE } from "../key-state";
import { EVERY_LOCK_METHOD, eventsOf } from "../lock-method";
import { OUTCOMES } from "../outcome";

/** Which events the methods tell of, and no others; a listener has heard of them when the method is over. */
export function testEvents({ expect, test, describe, set, log, subject }: Bench): void {
  describe("events", () => {
    for (const [name, method] of EVERY_LOCK_METHOD) {
      describe(`of ${name}`, () => {
        for (const [stateName, state] of EVERY_KEY_STATE) {
          const outcome = OUTCOMES[method.verb][stateName];
          test(`${outcome ?? "none"} for ${state.description}`, async () => {
            const { lock } = await set(state);
            const events = await log();
            // What it throws is tested elsewhere.
            await method.call(lock).catch(() => undefined);
            expect(events).toEqual(eventsOf(outcome, lock));
          });
        }
      });
    }

    test("tell of all locks of the provider, whatever their keys and owners are", async () => {
      const { key } = await set();
      const { lockProvider } = subject();
      const first = lockProvider.create([key, "first"], { owner: "first owner", ttl: null });
      const second = lockProvider.create([key, "second"], { owner: "second owner", ttl: null });
      const events = await log();
      await first.acquire();
      await second.acquire();
      await first.release();
      await second.release();
      expect(events).toEqual([
        ...eventsOf("ACQUIRED", first),
        ...eventsOf("ACQUIRED", second),
        ...eventsOf("RELEASED", first),
        ...eventsOf("RELEASED", second),
      ]);
    });

    test("of a question there are none", async () => {
      const { lock } = await set();
      const events = await log();
      await lock.isExpired();
      await lock.isLocked();
      await lock.getRemainingTime();
      await lock.getOwner();
      await lock.getState();
      expect(events).toEqual([]);
    });
  });
}
