import type { TimeSpan } from "../../utilities/time-span";

/** What a refresh can come to. The values are part of the contract, spelling included. */
export const LOCK_REFRESH_RESULT = {
  /** The lease now ends a ttl from now. */
  REFRESHED: "refreshed",
  /** The key is free, expired, or held by another owner. */
  UNOWNED_REFRESH: "unonwned_refresh",
  /** The owner holds the key without an end, and keeps it so. */
  UNEXPIRABLE_KEY: "unexpireable_key",
} as const;

/** One of {@link LOCK_REFRESH_RESULT}. */
export type LockRefreshResult = (typeof LOCK_REFRESH_RESULT)[keyof typeof LOCK_REFRESH_RESULT];

/** Who holds a key. */
export interface LockAdapterState {
  /** The holder. */
  readonly owner: string;
  /** When the lease ends; `null`: it has no end. */
  readonly expiration: Date | null;
}

/**
 * Speaks to one database. An object of your own that implements it can be given to a `LockProvider`. Keys arrive with the
 * namespace of the provider in front.
 *
 * Every verb is atomic: of two racing for one key, one at most is granted it. "Held by another" is an answer; a rejection
 * means that the database could not be asked, and reaches the caller of the lock as the same object.
 */
export interface ILockAdapter {
  /** Takes a key that nobody holds. `false`: it is held, by this owner too. A ttl of `null` never ends. */
  acquire(key: string, owner: string, ttl: TimeSpan | null): PromiseLike<boolean>;

  /** Gives a key back. `false`: it is free, expired, or held by another owner; then nothing changes. */
  release(key: string, owner: string): PromiseLike<boolean>;

  /** Frees a key, whoever holds it. `false`: nobody did. */
  forceRelease(key: string): PromiseLike<boolean>;

  /**
   * Lets this owner's lease end a ttl from now. Never creates or revives a lease, nor gives an end to one without. A
   * boolean may be answered instead, `true` for refreshed.
   */
  refresh(key: string, owner: string, ttl: TimeSpan): PromiseLike<LockRefreshResult | boolean>;

  /**
   * Who holds a key; `null`: nobody. Without it locks know only of the leases that were acquired through the same
   * provider.
   */
  getState?(key: string): PromiseLike<LockAdapterState | null>;
}
