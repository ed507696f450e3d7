/** When a lease ends. */
export interface ILockExpirationData {
  /** `null`: the lease has no end. */
  readonly expiration: Date | null;
}

/** A lease as it is stored. */
export interface ILockData extends ILockExpirationData {
  /** Who holds it. */
  readonly owner: string;
}

/** What can be done inside a transaction of an {@link IDatabaseLockAdapter}. */
export interface IDatabaseLockTransaction {
  /** The lease of a key, expired or not; `null`: there is none. */
  find(key: string): PromiseLike<ILockData | null>;

  /** Writes the lease of a key, in the place of another if there is one. */
  upsert(key: string, owner: string, expiration: Date | null): PromiseLike<void>;
}

/**
 * A store of leases with transactions. An object of your own that implements it can be given to a `LockProvider`, which
 * makes locks of it; expiry is then computed and judged by the clock of this host.
 */
export interface IDatabaseLockAdapter {
  /**
   * Runs a function in a transaction, in the strictest isolation there is, and answers what it answers. If the function
   * rejects, nothing of it stays.
   */
  transaction<T>(fn: (transaction: IDatabaseLockTransaction) => Promise<T>): PromiseLike<T>;

  /** Deletes the lease of a key. What was deleted, expired or not; `null`: there was none. */
  remove(key: string): PromiseLike<ILockExpirationData | null>;

  /** Deletes the lease of a key if it is this owner's. What was deleted, expired or not; `null`: it is not. */
  removeIfOwner(key: string, owner: string): PromiseLike<ILockData | null>;

  /**
   * Sets the end of a lease that is this owner's, has an end, and has not expired. How many were changed: 1, or 0 if
   * there is no such lease. In one step: a store that looks and then writes must do so in a transaction.
   */
  updateExpiration(key: string, owner: string, expiration: Date): PromiseLike<number>;

  /** The lease of a key, expired or not; `null`: there is none. */
  find(key: string): PromiseLike<ILockData | null>;
}

/** A store of leases without transactions: it tells by a rejected insert that a key is taken. */
export interface IInsertDatabaseLockAdapter {
  /** Writes the lease of a key; rejects if there is one, expired or not. */
  insert(key: string, owner: string, expiration: Date | null): PromiseLike<void>;

  /** Overwrites the lease of a key if it has an end and has expired. How many were changed: 1 or 0. In one step. */
  updateIfExpired(key: string, owner: string, expiration: Date | null): PromiseLike<number>;

  /** Deletes the lease of a key. What was deleted, expired or not; `null`: there was none. */
  remove(key: string): PromiseLike<ILockExpirationData | null>;

  /** Deletes the lease of a key if it is this owner's. What was deleted, expired or not; `null`: it is not. */
  removeIfOwner(key: string, owner: string): PromiseLike<ILockData | null>;

  /** Sets the end of a lease if it is this owner's. How many were changed: 1 or 0. */
  updateExpirationIfOwner(key: string, owner: string, expiration: Date): PromiseLike<number>;

  /** The lease of a key, expired or not; `null`: there is none. */
  find(key: string): PromiseLike<ILockData | null>;
}
