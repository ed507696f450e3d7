/**
 * The tests that adapters and lock providers must pass, for any test runner.
 *
 * @module holdfast/lock/test-utilities
 */

export type {
  DatabaseLockAdapterTestSuiteSettings,
  InsertFormSettings,
  TransactionFormSettings,
} from "./database-lock-adapter.test-suite";
export { databaseLockAdapterTestSuite } from "./database-lock-adapter.test-suite";
export type { LockAdapterTestSuiteSettings, TestableLockAdapter } from "./lock-adapter.test-suite";
export { lockAdapterTestSuite } from "./lock-adapter.test-suite";
export type { LockProviderTestSuiteSettings } from "./lock-provider.test-suite";
export { lockProviderTestSuite } from "./lock-provider.test-suite";
export type { LockProviderSubject } from "./scene";
export type { Expectation, TestPrimitives } from "./test-primitives";
