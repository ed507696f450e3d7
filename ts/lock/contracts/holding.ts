/** How a lock that was acquired stands, as far as its process knows. */
export const LOCK_STANDING = {
  /** It is held. */
  HELD: "held",
  /** A renewal has failed; the lease goes on until its deadline, and renewals are repeated until then. */
  SUSPECT: "suspect",
  /** It is lost, or may be lost from now on. */
  LOST: "lost",
} as const;

/** One of {@link LOCK_STANDING}. */
export type LockStanding = (typeof LOCK_STANDING)[keyof typeof LOCK_STANDING];

/** Why a lock was lost. */
export const LOCK_LOSS = {
  /** The lease was over before it was prolonged: its ttl is over, the process was stopped, or a clock was set. */
  EXPIRED: "expired",
  /** Another holds the key: the lease was over by the clock of the database. */
  STOLEN: "stolen",
  /** The lock was released by force. */
  FORCED: "forced",
  /** The database could not be reached for as long as the lease lasted. */
  CONNECTION: "connection",
  /** It was held for as long as `maxHold` allows. */
  MAX_HOLD: "maxHold",
  /** The event loop was silent for longer than `maxEventLoopStall` allows. */
  STALLED: "stalled",
  /** The provider, or its adapter, was closed. */
  CLOSED: "closed",
} as const;

/** One of {@link LOCK_LOSS}. */
export type LockLoss = (typeof LOCK_LOSS)[keyof typeof LOCK_LOSS];

/** What a function is given that runs while a lock is held. */
export interface LockHolding {
  /**
   * Aborted with a `LockLostError` when the lock is lost: what is done after that may collide with the next holder. Of a
   * lock that is not kept alive, when its ttl is over.
   */
  readonly signal: AbortSignal;
  /** The fence of the grant: storage that remembers the highest it has seen can refuse a holder that was overtaken. */
  readonly fence: bigint;
}
