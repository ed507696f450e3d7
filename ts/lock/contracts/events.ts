import type { TimeSpan } from "../../utilities/time-span";
import type { LockLoss } from "./holding";

/** Names of the events of a lock provider. */
export const LOCK_EVENTS = {
  /** A lock was acquired. */
  ACQUIRED: "ACQUIRED",
  /** A lock was asked for and is held: once a try, and while waiting once an interval. */
  UNAVAILABLE: "UNAVAILABLE",
  /** A lock was released by its owner. */
  RELEASED: "RELEASED",
  /** A release was refused. */
  UNOWNED_RELEASE_TRY: "UNOWNED_RELEASE_TRY",
  /** A lock that was held was released by force. */
  FORCE_RELEASED: "FORCE_RELEASED",
  /** A lock was refreshed by its owner. */
  REFRESHED: "REFRESHED",
  /** A refresh was refused, because the asker does not hold the lock. */
  UNOWNED_REFRESH_TRY: "UNOWNED_REFRESH_TRY",
  /** A refresh was refused, because the asker holds the lock without an end. */
  UNEXPIREABLE_KEY_REFRESH_TRY: "UNEXPIREABLE_KEY_REFRESH_TRY",
  /** A lock that was kept alive was lost. */
  LOST: "LOST",
  /** The adapter failed; the error was also thrown. */
  UNEXPECTED_ERROR: "UNEXPECTED_ERROR",
} as const;

/** A key and the owner that asked. */
export interface LockEvent {
  /** The key, without its namespace. */
  readonly key: string;
  /** The owner that asked. */
  readonly owner: string;
}

/** A lease was granted or prolonged. */
export interface LeaseLockEvent extends LockEvent {
  /** How long the lease lasts from now; `null`: it has no end. */
  readonly ttl: TimeSpan | null;
}

/** A lock was acquired. */
export interface AcquiredLockEvent extends LeaseLockEvent {
  /** The fence of the grant. Not enumerable, so that it stays in the process; JSON has no form for it. */
  readonly fence: bigint;
}

/** A lock that was kept alive was lost. */
export interface LostLockEvent extends LockEvent {
  /** The fence of the grant that was lost. */
  readonly fence: bigint;
  /** Why. */
  readonly reason: LockLoss;
}

/** A lock was released by force. */
export interface ForceReleasedLockEvent {
  /** The key, without its namespace. */
  readonly key: string;
}

/** The adapter failed. */
export interface UnexpectedErrorLockEvent extends LeaseLockEvent {
  /** What it threw. */
  readonly error: unknown;
}

/** The events of a lock provider by name. */
export interface LockEventMap {
  /** {@link LOCK_EVENTS.ACQUIRED} */
  ACQUIRED: AcquiredLockEvent;
  /** {@link LOCK_EVENTS.UNAVAILABLE} */
  UNAVAILABLE: LockEvent;
  /** {@link LOCK_EVENTS.RELEASED} */
  RELEASED: LockEvent;
  /** {@link LOCK_EVENTS.UNOWNED_RELEASE_TRY} */
  UNOWNED_RELEASE_TRY: LockEvent;
  /** {@link LOCK_EVENTS.FORCE_RELEASED} */
  FORCE_RELEASED: ForceReleasedLockEvent;
  /** {@link LOCK_EVENTS.REFRESHED} */
  REFRESHED: LeaseLockEvent;
  /** {@link LOCK_EVENTS.UNOWNED_REFRESH_TRY} */
  UNOWNED_REFRESH_TRY: LockEvent;
  /** {@link LOCK_EVENTS.UNEXPIREABLE_KEY_REFRESH_TRY} */
  UNEXPIREABLE_KEY_REFRESH_TRY: LockEvent;
  /** {@link LOCK_EVENTS.LOST} */
  LOST: LostLockEvent;
  /** {@link LOCK_EVENTS.UNEXPECTED_ERROR} */
  UNEXPECTED_ERROR: UnexpectedErrorLockEvent;
}
