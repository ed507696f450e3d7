/** The record of one lock in a database. An owner is one grant: it is never used for a second one. */
export interface LockRecord {
  /** `false` if somebody holds it. Contention is no error. */
  obtain(owner: string): Promise<boolean>;
  /** Who holds it, {@link UNKNOWN_HOLDER} if the database lets nobody look now, or `null` if nobody does. */
  holder(): Promise<string | null>;
  /** `false` if the lock is not this owner's any more. Never makes a lock. */
  renew(owner: string): Promise<boolean>;
  /** Does nothing if the lock is not this owner's any more. */
  release(owner: string): Promise<void>;
}

/** No owner is called so. */
export const UNKNOWN_HOLDER = "";
