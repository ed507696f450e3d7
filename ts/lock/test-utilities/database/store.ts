import { OWNERS } from "../key-state";
import { LOOKALIKES } from "../lookalikes";
import { racers } from "../racers";
import { EVERY_LEASE, LEASES, type LeaseStore, leaseOf, type StoreBench } from "./bench";

const { asker, rival } = OWNERS;

/** What is found of a lease. */
export function testFind({ expect, test, describe, store, stored }: StoreBench<LeaseStore>): void {
  describe("find", () => {
    test("answers null for a key without a lease", async () => {
      expect(await stored()).toBe(null);
    });

    for (const { description, of } of EVERY_LEASE) {
      test(`answers ${description}`, async () => {
        const lease = of(asker);
        await store(lease);
        expect(await stored()).toEqual(lease);
      });
    }
  });
}

/** How a lease is deleted, whoever has it. */
export function testRemove({ expect, test, describe, adapter, key, store, stored }: StoreBench<LeaseStore>): void {
  describe("remove", () => {
    test("answers null for a key without a lease", async () => {
      expect(await adapter().remove(key())).toBe(null);
    });

    for (const { description, of } of EVERY_LEASE) {
      test(`deletes ${description}, and answers its end`, async () => {
        const lease = of(asker);
        await store(lease);
        const removed = await adapter().remove(key());
        expect(removed?.expiration).toEqual(lease.expiration);
        expect(await stored()).toBe(null);
      });
    }

    test("leaves other keys alone", async () => {
      const lease = LEASES.timed.of(asker);
      await store(lease);
      await store(LEASES.timed.of(asker), `${key()}-other`);
      await adapter().remove(`${key()}-other`);
      expect(await stored()).toEqual(lease);
    });

    test("of many at once deletes and answers a lease once", async () => {
      await store(LEASES.timed.of(asker));
      const answers = await Promise.all(racers(() => adapter().remove(key())));
      expect(answers.filter((lease) => lease !== null).length).toBe(1);
    });
  });
}

/** How a lease is deleted by its owner. */
export function testRemoveIfOwner(bench: StoreBench<LeaseStore>): void {
  const { expect, test, describe, adapter, key, store, stored } = bench;
  describe("removeIfOwner", () => {
    test("answers null for a key without a lease", async () => {
      expect(await adapter().removeIfOwner(key(), asker)).toBe(null);
    });

    for (const { description, of } of EVERY_LEASE) {
      test(`deletes ${description} that is the owner's, and answers it`, async () => {
        const lease = of(asker);
        await store(lease);
        expect(leaseOf(await adapter().removeIfOwner(key(), asker))).toEqual(lease);
        expect(await stored()).toBe(null);
      });

      test(`answers null for ${description} of another, and leaves it`, async () => {
        const lease = of(rival);
        await store(lease);
        expect(await adapter().removeIfOwner(key(), asker)).toBe(null);
        expect(await stored()).toEqual(lease);
      });
    }

    test("of many at once deletes and answers a lease once", async () => {
      await store(LEASES.timed.of(asker));
      const answers = await Promise.all(racers(() => adapter().removeIfOwner(key(), asker)));
      expect(answers.filter((lease) => lease !== null).length).toBe(1);
    });
  });
}

/** That keys and owners are compared byte for byte. */
export function testNames({ expect, test, describe, adapter, key, store, stored }: StoreBench<LeaseStore>): void {
  describe("names", () => {
    for (const [difference, text, lookalike] of LOOKALIKES) {
      test(`a key ${difference} is another key`, async () => {
        const lease = LEASES.timed.of(asker);
        await store(lease, `${key()} ${text}`);
        await store(LEASES.endless.of(rival), `${key()} ${lookalike}`);
        expect(leaseOf(await adapter().find(`${key()} ${text}`))).toEqual(lease);
      });

      test(`an owner ${difference} is another owner`, async () => {
        const lease = LEASES.timed.of(text);
        await store(lease);
        expect(await adapter().removeIfOwner(key(), lookalike)).toBe(null);
        expect(await stored()).toEqual(lease);
      });
    }
  });
}
