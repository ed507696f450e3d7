export type { KeepAlive, KeepAliveSettings } from "../keep-alive";
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
  LockLostError,
  UnownedRefreshLockError,
  UnownedReleaseLockError,
  UnrefreshableKeyLockError,
} from "./errors";
export type {
  AcquiredLockEvent,
  ForceReleasedLockEvent,
  LeaseLockEvent,
  LockEvent,
  LockEventMap,
  LostLockEvent,
  UnexpectedErrorLockEvent,
} from "./events";
export { LOCK_EVENTS } from "./events";
export type { LockHolding, LockLoss, LockStanding } from "./holding";
export { LOCK_LOSS, LOCK_STANDING } from "./holding";
export type { ILock, LockBlockingSettings, LockWork } from "./lock";
export type { ILockAdapter, LockAdapterState, LockRefreshResult } from "./lock-adapter";
export { LOCK_REFRESH_RESULT } from "./lock-adapter";
export type {
  ILockListenable,
  ILockProvider,
  LockAcquireSettings,
  LockCreateSettings,
  LockProviderCloseSettings,
} from "./lock-provider";
export type { AcquiredLockState, ExpiredLockState, LockState, UnavailableLockState } from "./lock-state";
export { LOCK_STATE } from "./lock-state";
