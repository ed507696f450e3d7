import { type ITimeSpan, TimeSpan, TO_MILLISECONDS } from "../../../utilities";
import type { ILock } from "../../contracts";
import type { Bench } from "../bench";
import { KEY_STATES, REFRESHED_TTL, SHORT_TTL } from "../key-state";
import { until } from "../patience";

const METHODS = ["refresh", "refreshOrFail"] as const;

/** What a refresh does to the end of a lease. Who may refresh is tested with the other methods. */
export function testRefresh({ expect, test, describe, set }: Bench): void {
  for (const method of METHODS) {
    describe(`${method}, of a lease with an end`, () => {
      test("lets it end later", async () => {
        const { lock } = await set(KEY_STATES.mine);
        await lock[method](REFRESHED_TTL);
        expect(await isAbout(lock, REFRESHED_TTL)).toBe(true);
      });

      test("lets it end sooner", async () => {
        const { lock, rival } = await set(KEY_STATES.mine);
        await lock[method](SHORT_TTL);
        await until(() => lock.isExpired(), "the shortened lease was over");
        expect(await rival.acquire()).toBe(true);
      });

      test("counts from now, not from the end it had", async () => {
        const { lock } = await set(KEY_STATES.mine);
        await lock[method](REFRESHED_TTL);
        await lock[method](REFRESHED_TTL);
        expect(await isAbout(lock, REFRESHED_TTL)).toBe(true);
      });

      test("takes any time span", async () => {
        const { lock } = await set(KEY_STATES.mine);
        const ttl: ITimeSpan = { [TO_MILLISECONDS]: () => REFRESHED_TTL.toMilliseconds() };
        await lock[method](ttl);
        expect(await isAbout(lock, REFRESHED_TTL)).toBe(true);
      });
    });
  }

  describe("a refreshed lease", () => {
    test("outlives the ttl that it was acquired with", async () => {
      const { key, rival, subject } = await set();
      const ttl = TimeSpan.fromMilliseconds(50);
      const lock = subject.lockProvider.create(key, { owner: "asker", ttl });
      await until(async () => {
        await lock.acquire();
        return lock.refresh(REFRESHED_TTL);
      }, "a lease of 50 milliseconds could be refreshed");
      const begun = performance.now();
      await until(() => performance.now() - begun > 2 * ttl.toMilliseconds(), "the first ttl was over");
      expect(await rival.acquire()).toBe(false);
      expect(await lock.isLocked()).toBe(true);
      expect(await isAbout(lock, REFRESHED_TTL)).toBe(true);
      expect(await lock.release()).toBe(true);
    });
  });
}

/** Whether this much is left of a lease, give or take a pause of the machine. */
async function isAbout(lock: ILock, ttl: TimeSpan): Promise<boolean> {
  const remaining = await lock.getRemainingTime();
  return remaining?.lte(ttl) === true && remaining.gt(ttl.divide(2));
}
