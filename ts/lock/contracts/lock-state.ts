import type { TimeSpan } from "../../utilities/time-span";

/** The states a lock can be in. */
export const LOCK_STATE = {
  /** Nobody holds the key. */
  EXPIRED: "EXPIRED",
  /** This lock holds the key. */
  ACQUIRED: "ACQUIRED",
  /** Another owner holds the key. */
  UNAVAILABLE: "UNAVAILABLE",
} as const;

/** Nobody holds the key: it was never acquired, was released, or has expired. */
export interface ExpiredLockState {
  /** {@link LOCK_STATE.EXPIRED} */
  readonly type: typeof LOCK_STATE.EXPIRED;
}

/** This lock holds the key. */
export interface AcquiredLockState {
  /** {@link LOCK_STATE.ACQUIRED} */
  readonly type: typeof LOCK_STATE.ACQUIRED;
  /** How much longer; `null`: without an end. */
  readonly remainingTime: TimeSpan | null;
  /** The fence of the grant; zero if whoever wrote it knows no fences. Not enumerable: JSON has no form for it. */
  readonly fence: bigint;
}

/** Another owner holds the key. */
export interface UnavailableLockState {
  /** {@link LOCK_STATE.UNAVAILABLE} */
  readonly type: typeof LOCK_STATE.UNAVAILABLE;
  /** Who holds it. */
  readonly owner: string;
  /** The fence of its grant; zero if whoever wrote it knows no fences. Not enumerable: JSON has no form for it. */
  readonly fence: bigint;
}

/** What a lock's key is in, seen from that lock. */
export type LockState = ExpiredLockState | AcquiredLockState | UnavailableLockState;
