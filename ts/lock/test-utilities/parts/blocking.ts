import { wait } from "../../../async/wait";
import { TimeSpan } from "../../../utilities";
import { LOCK_EVENTS } from "../../contracts";
import type { Bench } from "../bench";
import { count } from "../event-log";
import { KEY_STATES, REFRESHED_TTL, SHORT_TTL } from "../key-state";
import { eventsOf, MANY_TRIES } from "../lock-method";
import { until } from "../patience";

const { ACQUIRED, UNAVAILABLE } = LOCK_EVENTS;

/** The blocking methods by how they tell that they came to nothing. */
const METHODS = ["acquireBlocking", "acquireBlockingOrFail"] as const;

/** How the blocking methods wait. What they answer at once is tested with the other methods. */
export function testBlocking({ expect, test, describe, set, log }: Bench): void {
  for (const method of METHODS) {
    describe(`${method}, waiting`, () => {
      test("tries until the key is released, and tells of it once a try", async () => {
        const { lock, rival } = await set(KEY_STATES.othersEndless);
        const events = await log();
        const outcome = { isOver: false };
        const waiting = lock[method](MANY_TRIES).finally(() => {
          outcome.isOver = true;
        });
        await until(() => count(events, UNAVAILABLE) > 2, "it had tried three times");
        expect(outcome.isOver).toBe(false);
        await rival.release();
        expect(await waiting).toBe(method === "acquireBlocking" ? true : undefined);
        // A store may grant the key to one before it has answered the other that it was released.
        expect(events.filter(({ name }) => name === ACQUIRED)).toEqual(eventsOf(ACQUIRED, lock));
      });

      test("tries until the lease of another expires", async () => {
        const { lock, rival } = await set(KEY_STATES.others);
        const waiting = lock[method](MANY_TRIES).then((answer) => answer ?? true);
        await rival.refresh(SHORT_TTL);
        expect(await waiting).toBe(true);
      });
    });
  }

  describe("acquireBlocking", () => {
    test("gives up when the time is over, and not before", async () => {
      const { lock } = await set(KEY_STATES.othersEndless);
      const begun = performance.now();
      expect(await lock.acquireBlocking({ time: TimeSpan.fromMilliseconds(30), interval: SHORT_TTL })).toBe(false);
      expect(performance.now() - begun >= 30).toBe(true);
    });

    test("gives up when the time is over, however long the interval is", async () => {
      const { lock } = await set(KEY_STATES.othersEndless);
      const begun = performance.now();
      expect(await lock.acquireBlocking({ time: SHORT_TTL, interval: REFRESHED_TTL })).toBe(false);
      expect(performance.now() - begun < REFRESHED_TTL.toMilliseconds() / 2).toBe(true);
    });

    test("of less time than the interval tells of the refusal once", async () => {
      const { lock } = await set(KEY_STATES.othersEndless);
      const events = await log();
      const time = TimeSpan.fromMilliseconds(5);
      expect(await lock.acquireBlocking({ time, interval: time })).toBe(false);
      expect(events).toEqual(eventsOf(UNAVAILABLE, lock));
    });

    test("lets all who wait have the key, one after the other", async () => {
      const { key, rival, subject } = await set(KEY_STATES.othersEndless);
      const events = await log();
      const holders = { now: 0, most: 0 };
      const waiting = ["first", "second", "third"].map(async (owner) => {
        const lock = subject.lockProvider.create(key, { owner, ttl: null });
        const isAcquired = await lock.acquireBlocking(MANY_TRIES);
        holders.now += 1;
        holders.most = Math.max(holders.most, holders.now);
        await wait(1);
        holders.now -= 1;
        return isAcquired && (await lock.release());
      });
      await until(() => count(events, UNAVAILABLE) >= 3, "all of them waited");
      await rival.release();
      expect(await Promise.all(waiting)).toEqual([true, true, true]);
      expect(holders).toEqual({ now: 0, most: 1 });
    });
  });
}
