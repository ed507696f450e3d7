import type { IInsertDatabaseLockAdapter } from "../../contracts";
import { LONG_TTL, OWNERS, REFRESHED_TTL } from "../key-state";
import { failureOf } from "../patience";
import { racers } from "../racers";
import { EVERY_LEASE, LEASES, type StoreBench, WHOSE } from "./bench";

type Bench = StoreBench<IInsertDatabaseLockAdapter>;

const { asker, rival } = OWNERS;
const { timed, endless, expired } = LEASES;

/** How a first lease is written, and a second refused. */
export function testInsert({ expect, test, describe, adapter, key, store, stored }: Bench): void {
  describe("insert", () => {
    for (const { description, of } of EVERY_LEASE) {
      test(`writes ${description}`, async () => {
        const lease = of(asker);
        await store(lease);
        expect(await stored()).toEqual(lease);
      });

      for (const [whose, owner] of WHOSE) {
        test(`rejects if there is ${description} ${whose}, and leaves it`, async () => {
          const lease = of(owner);
          await store(lease);
          await failureOf(adapter().insert(key(), asker, REFRESHED_TTL.toEndDate()));
          expect(await stored()).toEqual(lease);
        });
      }
    }

    test("of many at once one writes", async () => {
      const outcomes = await Promise.allSettled(racers((owner) => adapter().insert(key(), owner, null)));
      expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBe(1);
    });
  });
}

/** How a lease that is over is overwritten, and others are not. */
export function testUpdateIfExpired({ expect, test, describe, adapter, key, store, stored }: Bench): void {
  describe("updateIfExpired", () => {
    test("answers 0 for a key without a lease, and stores none", async () => {
      expect(await adapter().updateIfExpired(key(), asker, null)).toBe(0);
      expect(await stored()).toBe(null);
    });

    for (const [whose, owner] of WHOSE) {
      for (const { description, of } of [timed, endless]) {
        test(`answers 0 for ${description} ${whose}, and leaves it`, async () => {
          const lease = of(owner);
          await store(lease);
          expect(await adapter().updateIfExpired(key(), asker, REFRESHED_TTL.toEndDate())).toBe(0);
          expect(await stored()).toEqual(lease);
        });

        test(`puts ${description} in the place of an expired one ${whose}, and answers 1`, async () => {
          const lease = of(asker);
          await store(expired.of(owner));
          expect(await adapter().updateIfExpired(key(), lease.owner, lease.expiration)).toBe(1);
          expect(await stored()).toEqual(lease);
        });
      }
    }

    test("of many at once one takes an expired lease", async () => {
      await store(expired.of(rival));
      const counts = await Promise.all(racers((owner) => adapter().updateIfExpired(key(), owner, null)));
      expect(counts.filter((count) => count > 0)).toEqual([1]);
    });
  });
}

/** How an owner changes the end of a lease. Whether it is over is for the caller to know. */
export function testUpdateExpirationIfOwner({ expect, test, describe, adapter, key, store, stored }: Bench): void {
  const update = () => adapter().updateExpirationIfOwner(key(), asker, REFRESHED_TTL.toEndDate());

  describe("updateExpirationIfOwner", () => {
    test("answers 0 for a key without a lease, and stores none", async () => {
      expect(await update()).toBe(0);
      expect(await stored()).toBe(null);
    });

    for (const { description, of } of EVERY_LEASE) {
      test(`answers 0 for ${description} of another, and leaves it`, async () => {
        const lease = of(rival);
        await store(lease);
        expect(await update()).toBe(0);
        expect(await stored()).toEqual(lease);
      });

      test(`sets the end of ${description} that is the owner's, and answers 1`, async () => {
        await store(of(asker));
        for (const expiration of [REFRESHED_TTL.toEndDate(), LONG_TTL.toStartDate()]) {
          expect(await adapter().updateExpirationIfOwner(key(), asker, expiration)).toBe(1);
          expect(await stored()).toEqual({ owner: asker, expiration });
        }
      });
    }
  });
}
