import { randomUUID } from "node:crypto";
import type { Promisable } from "../../utilities";
import { TimeSpan } from "../../utilities";
import { type ILockAdapter, LOCK_REFRESH_RESULT, type LockRefreshResult } from "../contracts";
import { bringAbout, EVERY_KEY_STATE, type KeyState, LONG_TTL, OWNERS, REFRESHED_TTL, SHORT_TTL } from "./key-state";
import { LOOKALIKES } from "./lookalikes";
import {
  describeHolding,
  durationOf,
  EVERY_VERB,
  type Holding,
  holdingAfter,
  holdingIn,
  isSuccess,
  type Outcome,
  type Verb,
} from "./outcome";
import { until } from "./patience";
import { racers } from "./racers";
import type { TestPrimitives } from "./test-primitives";

/** Settings of {@link lockAdapterTestSuite}. */
export interface LockAdapterTestSuiteSettings extends TestPrimitives {
  /** Called before each test. The keys of the suite are new, so that the adapters may all share one database. */
  readonly createAdapter: () => Promisable<TestableLockAdapter>;
}

/** An adapter as {@link lockAdapterTestSuite} takes it: with a `getState`, since it looks at what the verbs leave behind. */
export type TestableLockAdapter = ILockAdapter & Required<Pick<ILockAdapter, "getState">>;

const { asker, rival, stranger } = OWNERS;

/** Each verb as the asker does it. */
const ACTIONS: Record<Verb, (adapter: ILockAdapter, key: string) => PromiseLike<LockRefreshResult | boolean>> = {
  acquire: (adapter, key) => adapter.acquire(key, asker, LONG_TTL),
  release: (adapter, key) => adapter.release(key, asker),
  forceRelease: (adapter, key) => adapter.forceRelease(key),
  refresh: (adapter, key) => adapter.refresh(key, asker, REFRESHED_TTL),
};

/** What a refresh answers; an adapter may also answer whether it refreshed, and no more. */
const REFRESH_RESULTS: Partial<Record<NonNullable<Outcome>, LockRefreshResult>> = {
  REFRESHED: LOCK_REFRESH_RESULT.REFRESHED,
  UNOWNED_REFRESH_TRY: LOCK_REFRESH_RESULT.UNOWNED_REFRESH,
  UNEXPIREABLE_KEY_REFRESH_TRY: LOCK_REFRESH_RESULT.UNEXPIRABLE_KEY,
};

/**
 * Adds the tests that every {@link ILockAdapter} must pass: what each verb answers and leaves behind for a key in each
 * state, that of many who race one wins, and that ttls, keys and owners are taken exactly.
 *
 * Nothing in it depends on the speed of the machine; a test may wait up to 30 seconds before it fails.
 */
export function lockAdapterTestSuite(settings: LockAdapterTestSuiteSettings): void {
  const { expect, test, describe, beforeEach } = settings;
  let adapter: TestableLockAdapter;
  let key: string;

  async function given(state: KeyState): Promise<void> {
    await bringAbout(state, (owner, ttl) => adapter.acquire(key, OWNERS[owner], ttl), isFree);
  }

  async function isFree(): Promise<boolean> {
    return (await adapter.getState(key)) === null;
  }

  async function holding(): Promise<Holding> {
    const state = await adapter.getState(key);
    if (state === null) {
      return null;
    }
    const remaining = state.expiration === null ? null : state.expiration.getTime() - Date.now();
    return { owner: state.owner as "asker" | "rival", lasts: durationOf(remaining) };
  }

  describe("lock adapter", () => {
    beforeEach(async () => {
      adapter = await settings.createAdapter();
      key = `key-${randomUUID()}`;
    });

    for (const [verb, outcomes] of EVERY_VERB) {
      describe(verb, () => {
        for (const [name, state] of EVERY_KEY_STATE) {
          const outcome = outcomes[name];
          const result = REFRESH_RESULTS[outcome ?? "UNAVAILABLE"];
          const after = holdingAfter(outcome, state);

          test(`answers ${result ?? isSuccess(outcome)} for ${state.description}`, async () => {
            await given(state);
            const answer = await ACTIONS[verb](adapter, key);
            expect(answer).toBe(typeof answer === "boolean" ? isSuccess(outcome) : result);
          });

          test(`leaves ${state.description} ${describeHolding(after)}`, async () => {
            await given(state);
            await ACTIONS[verb](adapter, key);
            expect(await holding()).toEqual(after);
            expect(await adapter.acquire(key, stranger, LONG_TTL)).toBe(after === null);
          });
        }
      });
    }

    describe("getState", () => {
      for (const [, state] of EVERY_KEY_STATE) {
        const expected = holdingIn(state);
        test(`answers ${expected === null ? "null" : "the holder and its end"} for ${state.description}`, async () => {
          await given(state);
          expect(await holding()).toEqual(expected);
        });
      }
    });

    describe("races", () => {
      test("of many who acquire at once, one does", async () => {
        const answers = await Promise.all(racers((owner) => adapter.acquire(key, owner, LONG_TTL)));
        expect(answers.filter((isAcquired) => isAcquired)).toEqual([true]);
      });

      test("of many who acquire an expired key at once, one does", async () => {
        await adapter.acquire(key, rival, SHORT_TTL);
        await until(isFree, "a lease of a few milliseconds was over");
        const answers = await Promise.all(racers((owner) => adapter.acquire(key, owner, LONG_TTL)));
        expect(answers.filter((isAcquired) => isAcquired)).toEqual([true]);
      });

      test("a lease that is released many times at once is released once", async () => {
        await adapter.acquire(key, asker, LONG_TTL);
        const answers = await Promise.all(racers(() => adapter.release(key, asker)));
        expect(answers.filter((isReleased) => isReleased)).toEqual([true]);
      });

      test("keys do not hinder each other", async () => {
        const answers = await Promise.all(racers((owner) => adapter.acquire(`${key}-${owner}`, owner, LONG_TTL)));
        expect(answers.every((isAcquired) => isAcquired)).toBe(true);
      });
    });

    describe("ttl", () => {
      test("of zero is over at once", async () => {
        expect(await adapter.acquire(key, asker, TimeSpan.fromMilliseconds(0))).toBe(true);
        expect(await holding()).toEqual(null);
        expect(await adapter.acquire(key, rival, LONG_TTL)).toBe(true);
      });

      test("may be a fraction of a millisecond", async () => {
        expect(await adapter.acquire(key, asker, TimeSpan.fromMilliseconds(0.5))).toBe(true);
        await until(isFree, "a lease of half a millisecond was over");
      });

      test("may be longer than a timer can wait", async () => {
        const ttl = TimeSpan.fromDays(36_500);
        expect(await adapter.acquire(key, asker, ttl)).toBe(true);
        const { expiration } = (await adapter.getState(key)) ?? { expiration: null };
        const lost = ttl.toEndDate().getTime() - (expiration?.getTime() ?? 0);
        expect(Math.abs(lost) < LONG_TTL.toMilliseconds()).toBe(true);
        expect(await adapter.acquire(key, rival, LONG_TTL)).toBe(false);
      });

      test("of a refresh may be shorter than before", async () => {
        await adapter.acquire(key, asker, REFRESHED_TTL);
        expect(isRefreshed(await adapter.refresh(key, asker, LONG_TTL))).toBe(true);
        expect(await holding()).toEqual({ owner: asker, lasts: "long" });
        await adapter.refresh(key, asker, SHORT_TTL);
        await until(isFree, "a lease that was refreshed for a few milliseconds was over");
        expect(await adapter.acquire(key, rival, LONG_TTL)).toBe(true);
      });

      test("of a refresh holds after the first one is over", async () => {
        const ttl = TimeSpan.fromMilliseconds(50);
        await until(async () => {
          await adapter.acquire(key, asker, ttl);
          return isRefreshed(await adapter.refresh(key, asker, REFRESHED_TTL));
        }, "a lease of 50 milliseconds could be refreshed");
        const begun = performance.now();
        await until(() => performance.now() - begun > 2 * ttl.toMilliseconds(), "the first ttl was over");
        expect(await adapter.acquire(key, rival, LONG_TTL)).toBe(false);
        expect(await holding()).toEqual({ owner: asker, lasts: "refreshed" });
        expect(await adapter.release(key, asker)).toBe(true);
      });
    });

    describe("names", () => {
      for (const [difference, text, lookalike] of LOOKALIKES) {
        test(`a key ${difference} is another key`, async () => {
          expect(await adapter.acquire(`${key} ${text}`, asker, LONG_TTL)).toBe(true);
          expect(await adapter.acquire(`${key} ${lookalike}`, rival, LONG_TTL)).toBe(true);
          expect(await adapter.release(`${key} ${text}`, asker)).toBe(true);
        });

        test(`an owner ${difference} is another owner`, async () => {
          await adapter.acquire(key, text, LONG_TTL);
          expect(await adapter.release(key, lookalike)).toBe(false);
          expect(isRefreshed(await adapter.refresh(key, lookalike, LONG_TTL))).toBe(false);
          expect((await adapter.getState(key))?.owner).toBe(text);
        });
      }
    });
  });
}

function isRefreshed(answer: LockRefreshResult | boolean): boolean {
  return answer === true || answer === LOCK_REFRESH_RESULT.REFRESHED;
}
