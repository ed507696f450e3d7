export type {
  IDatabaseLockAdapter,
  IDatabaseLockTransaction,
  IInsertDatabaseLockAdapter,
  ILockData,
  ILockExpirationData,
} from "./database-lock-adapter";
export type { LockErrorSubject } from "./errors";
export {
  AmbiguousLockError,
  ClosedLockError,
  ConfigurationLockError,
  ConnectionLockError,
  DatabaseLockError,
  isLockError,
  KeyAlreadyAcquiredLockError,
  LOCK_ERRORS,
  LockAdapterError,
  LockError,
  UnownedRefreshLockError,
  UnownedReleaseLockError,
  UnrefreshableKeyLockError,
} from "./errors";
export type {
  ForceReleasedLockEvent,
  LeaseLockEvent,
  LockEvent,
  LockEventMap,
  UnexpectedErrorLockEvent,
} from "./events";
export { LOCK_EVENTS } from "./events";
export type { ILock, LockBlockingSettings } from "./lock";
export type { ILockAdapter, LockAdapterState, LockRefreshResult } from "./lock-adapter";
export { LOCK_REFRESH_RESULT } from "./lock-adapter";
export type { ILockListenable, ILockProvider, LockCreateSettings } from "./lock-provider";
export type { AcquiredLockState, ExpiredLockState, LockState, UnavailableLockState } from "./lock-state";
export { LOCK_STATE } from "./lock-state";
