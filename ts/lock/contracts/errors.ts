import type { LockLoss } from "./holding";

/** The lock that a {@link LockError} is about. */
export interface LockErrorSubject {
  /** The key, without its namespace. */
  key?: string;
  /** The owner that asked. */
  owner?: string;
}

/** What all errors about locks extend. */
export class LockError extends Error {
  static {
    LockError.prototype.name = "LockError";
  }

  /** Stable, machine-readable name of the failure; unlike the message it never changes between versions. */
  readonly code: string = "LOCK";
  /** The key, without its namespace; `undefined` if the error is about no lock in particular. */
  readonly key: string | undefined;
  /** The owner that asked; `undefined` if the error is about no lock in particular. */
  readonly owner: string | undefined;

  /**
   * Made by locks and their adapters.
   *
   * @param message What happened and what to do about it.
   * @param cause The error or value that led to this one; left out, `cause` is absent.
   * @param subject The lock it is about.
   */
  constructor(message: string, cause?: unknown, subject: LockErrorSubject = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.key = subject.key;
    this.owner = subject.owner;
  }
}

/** The key is held: by another owner, or by this one already. */
export class KeyAlreadyAcquiredLockError extends LockError {
  static {
    KeyAlreadyAcquiredLockError.prototype.name = "KeyAlreadyAcquiredLockError";
  }

  /** Always `"LOCK_KEY_ALREADY_ACQUIRED"`. */
  override readonly code: string = "LOCK_KEY_ALREADY_ACQUIRED";
}

/** A release was refused: the key is free, expired, or held by another owner. */
export class UnownedReleaseLockError extends LockError {
  static {
    UnownedReleaseLockError.prototype.name = "UnownedReleaseLockError";
  }

  /** Always `"LOCK_UNOWNED_RELEASE"`. */
  override readonly code: string = "LOCK_UNOWNED_RELEASE";
}

/** A refresh was refused: the key is free, expired, or held by another owner. */
export class UnownedRefreshLockError extends LockError {
  static {
    UnownedRefreshLockError.prototype.name = "UnownedRefreshLockError";
  }

  /** Always `"LOCK_UNOWNED_REFRESH"`. */
  override readonly code: string = "LOCK_UNOWNED_REFRESH";
}

/** A refresh was refused: this owner holds the key, and holds it without an end. */
export class UnrefreshableKeyLockError extends LockError {
  static {
    UnrefreshableKeyLockError.prototype.name = "UnrefreshableKeyLockError";
  }

  /** Always `"LOCK_UNREFRESHABLE_KEY"`. */
  override readonly code: string = "LOCK_UNREFRESHABLE_KEY";
}

/** A lock was lost while it was held: the reason of the abort of its signal. */
export class LockLostError extends LockError {
  static {
    LockLostError.prototype.name = "LockLostError";
  }

  /** Always `"LOCK_LOST"`. */
  override readonly code: string = "LOCK_LOST";
  /** Why it was lost. */
  readonly reason: LockLoss;

  /**
   * Made by locks.
   *
   * @param message What happened.
   * @param cause The error or value that led to this one; left out, `cause` is absent.
   * @param subject The lock it is about, and why it was lost; by default its lease was over.
   */
  constructor(message: string, cause?: unknown, subject: LockErrorSubject & { reason?: LockLoss } = {}) {
    super(message, cause, subject);
    this.reason = subject.reason ?? "expired";
  }
}

/** The database could not be asked. Never thrown because a key is held. */
export class LockAdapterError extends LockError {
  static {
    LockAdapterError.prototype.name = "LockAdapterError";
  }

  /** A code of its own in every subclass. */
  override readonly code: string = "LOCK_ADAPTER";
}

/** The adapter cannot work as it is set up: a wrong URL, a table of another shape, a file that cannot be written. */
export class ConfigurationLockError extends LockAdapterError {
  static {
    ConfigurationLockError.prototype.name = "ConfigurationLockError";
  }

  /** Always `"LOCK_CONFIGURATION"`. */
  override readonly code: string = "LOCK_CONFIGURATION";
}

/** The database could not be reached, or was busy for longer than the adapter waits. Trying again may help. */
export class ConnectionLockError extends LockAdapterError {
  static {
    ConnectionLockError.prototype.name = "ConnectionLockError";
  }

  /** Always `"LOCK_CONNECTION"`. */
  override readonly code: string = "LOCK_CONNECTION";
}

/**
 * A request was sent and no answer came, and asking again did not tell whether it had taken effect: the lock may be held
 * by its owner or not. `getState()` tells once the database answers; a lease it left behind ends with its ttl.
 */
export class AmbiguousLockError extends LockAdapterError {
  static {
    AmbiguousLockError.prototype.name = "AmbiguousLockError";
  }

  /** Always `"LOCK_AMBIGUOUS"`. */
  override readonly code: string = "LOCK_AMBIGUOUS";
}

/** The database refused, or is damaged or full. */
export class DatabaseLockError extends LockAdapterError {
  static {
    DatabaseLockError.prototype.name = "DatabaseLockError";
  }

  /** Always `"LOCK_DATABASE"`. */
  override readonly code: string = "LOCK_DATABASE";
}

/** The adapter, or the provider, was closed before it was asked. */
export class ClosedLockError extends LockAdapterError {
  static {
    ClosedLockError.prototype.name = "ClosedLockError";
  }

  /** Always `"LOCK_CLOSED"`. */
  override readonly code: string = "LOCK_CLOSED";
}

/** The error classes by a short name. */
export const LOCK_ERRORS = {
  /** {@link LockError} */
  Base: LockError,
  /** {@link KeyAlreadyAcquiredLockError} */
  KeyAlreadyAcquired: KeyAlreadyAcquiredLockError,
  /** {@link UnownedReleaseLockError} */
  UnownedRelease: UnownedReleaseLockError,
  /** {@link UnownedRefreshLockError} */
  UnownedRefresh: UnownedRefreshLockError,
  /** {@link UnrefreshableKeyLockError} */
  UnrefreshableKey: UnrefreshableKeyLockError,
  /** {@link LockLostError} */
  Lost: LockLostError,
  /** {@link LockAdapterError} */
  Adapter: LockAdapterError,
  /** {@link ConfigurationLockError} */
  Configuration: ConfigurationLockError,
  /** {@link ConnectionLockError} */
  Connection: ConnectionLockError,
  /** {@link AmbiguousLockError} */
  Ambiguous: AmbiguousLockError,
  /** {@link DatabaseLockError} */
  Database: DatabaseLockError,
  /** {@link ClosedLockError} */
  Closed: ClosedLockError,
} as const;

/** Whether a value is one of the errors of {@link LOCK_ERRORS}. */
export function isLockError(value: unknown): value is LockError {
  return value instanceof LockError;
}

/**
 * Says which lock an error of the engine is about.
 *
 * @internal
 */
export function tellSubject(error: unknown, subject: LockErrorSubject): void {
  if (error instanceof LockAdapterError && error.key === undefined) {
    Object.assign(error, subject);
  }
}
