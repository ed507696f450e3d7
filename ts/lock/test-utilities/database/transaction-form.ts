import type { IDatabaseLockAdapter } from "../../contracts";
import { LONG_TTL, OWNERS, REFRESHED_TTL } from "../key-state";
import { failureOf } from "../patience";
import { racers } from "../racers";
import { EVERY_LEASE, LEASES, leaseOf, type StoreBench } from "./bench";

type Bench = StoreBench<IDatabaseLockAdapter>;

const { asker, rival } = OWNERS;
const { timed, endless, expired } = LEASES;

/** What a transaction answers, keeps, and sees. */
export function testTransaction({ expect, test, describe, adapter, key, store, stored }: Bench): void {
  describe("transaction", () => {
    test("answers what its function answers", async () => {
      const answer = { of: "the function" };
      expect(await adapter().transaction(async () => answer)).toBe(answer);
    });

    test("rejects with what its function rejects with, and keeps nothing of it", async () => {
      const error = new Error("of the function");
      const lease = timed.of(rival);
      await store(lease);
      const running = adapter().transaction(async (transaction) => {
        await transaction.upsert(key(), asker, null);
        await transaction.upsert(`${key()}-other`, asker, null);
        throw error;
      });
      expect(await failureOf(running)).toBe(error);
      expect(await stored()).toEqual(lease);
      expect(await adapter().find(`${key()}-other`)).toBe(null);
    });

    test("lets one of many find the key free if each looks and then writes", async () => {
      const outcomes = await Promise.allSettled(
        racers((owner) =>
          adapter().transaction(async (transaction) => {
            const isFree = (await transaction.find(key())) === null;
            await transaction.upsert(key(), owner, null);
            return isFree;
          }),
        ),
      );
      // Those that were refused because they ran into others count as little as those that found it taken.
      expect(outcomes.filter((outcome) => outcome.status === "fulfilled" && outcome.value).length).toBe(1);
    });
  });

  describe("find in a transaction", () => {
    test("answers null for a key without a lease", async () => {
      expect(await adapter().transaction(async (transaction) => transaction.find(key()))).toBe(null);
    });

    for (const { description, of } of EVERY_LEASE) {
      test(`answers ${description}`, async () => {
        const lease = of(asker);
        await store(lease);
        expect(leaseOf(await adapter().transaction(async (transaction) => transaction.find(key())))).toEqual(lease);
      });
    }

    test("answers what the transaction has written", async () => {
      const lease = timed.of(asker);
      const found = await adapter().transaction(async (transaction) => {
        await transaction.upsert(key(), lease.owner, lease.expiration);
        return transaction.find(key());
      });
      expect(leaseOf(found)).toEqual(lease);
    });
  });
}

/** How a lease is written. */
export function testUpsert({ expect, test, describe, store, stored }: Bench): void {
  describe("upsert", () => {
    for (const { description, of } of EVERY_LEASE) {
      test(`writes ${description}`, async () => {
        const lease = of(asker);
        await store(lease);
        expect(await stored()).toEqual(lease);
      });

      for (const replacement of [timed, endless]) {
        test(`puts ${replacement.description} in the place of ${description} of another`, async () => {
          const lease = replacement.of(asker);
          await store(of(rival));
          await store(lease);
          expect(await stored()).toEqual(lease);
        });
      }
    }
  });
}

/** How the end of a lease is changed. */
export function testUpdateExpiration({ expect, test, describe, adapter, key, store, stored }: Bench): void {
  const update = () => adapter().updateExpiration(key(), asker, REFRESHED_TTL.toEndDate());

  describe("updateExpiration", () => {
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
    }

    for (const { description, of } of [endless, expired]) {
      test(`answers 0 for ${description} that is the owner's, and leaves it`, async () => {
        const lease = of(asker);
        await store(lease);
        expect(await update()).toBe(0);
        expect(await stored()).toEqual(lease);
      });
    }

    test("sets the end of a lease with an end that is the owner's, and answers 1", async () => {
      await store(timed.of(asker));
      for (const expiration of [REFRESHED_TTL.toEndDate(), LONG_TTL.toEndDate()]) {
        expect(await adapter().updateExpiration(key(), asker, expiration)).toBe(1);
        expect(await stored()).toEqual({ owner: asker, expiration });
      }
    });
  });
}
