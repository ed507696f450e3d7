import type { IDatabaseLockAdapter, ILockData } from "../../contracts";
import { LONG_TTL } from "../key-state";
import type { TestPrimitives } from "../test-primitives";

/** What both forms of a database adapter have in common. */
export type LeaseStore = Pick<IDatabaseLockAdapter, "find" | "remove" | "removeIfOwner">;

/** What the parts of {@link databaseLockAdapterTestSuite} work with. The functions are for inside a test. */
export interface StoreBench<Adapter extends LeaseStore> extends TestPrimitives {
  /** The adapter of the running test. */
  readonly adapter: () => Adapter;
  /** The key of the running test; nobody else uses it. */
  readonly key: () => string;
  /** Writes the lease of a key, by default of this test's. */
  readonly store: (lease: ILockData, key?: string) => PromiseLike<void>;
  /** The lease of this test's key. */
  readonly stored: () => Promise<ILockData | null>;
}

/** A kind of lease. */
export interface LeaseKind {
  /** For the names of tests. */
  readonly description: string;
  /** One of an owner. */
  readonly of: (owner: string) => ILockData;
}

/** Every kind of lease that can be stored; to a store they differ in what stands in a column. */
export const LEASES = {
  timed: { description: "a lease with an end", of: (owner) => ({ owner, expiration: LONG_TTL.toEndDate() }) },
  endless: { description: "a lease without an end", of: (owner) => ({ owner, expiration: null }) },
  expired: { description: "an expired lease", of: (owner) => ({ owner, expiration: LONG_TTL.toStartDate() }) },
} as const satisfies Record<string, LeaseKind>;

/** For loops. */
export const EVERY_LEASE: readonly LeaseKind[] = Object.values(LEASES);

/** The owner that asks, and what a lease of that owner's is, next to one of another. */
export const WHOSE = [
  ["that is the owner's", "asker"],
  ["of another", "rival"],
] as const;

/** A lease without what a row may hold besides. */
export function leaseOf(data: ILockData | null): ILockData | null {
  return data === null ? null : { owner: data.owner, expiration: data.expiration };
}
