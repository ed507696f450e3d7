export {
  ASYNC_ERRORS,
  AsyncError,
  CapacityFullAsyncError,
  HedgingAsyncError,
  TimeoutAsyncError,
} from "./async-errors";
export type { AsyncHooksSettings } from "./async-hooks";
export { AsyncHooks } from "./async-hooks";
export type {
  AbortSignalBinder,
  AsyncContext,
  AsyncMiddleware,
  AsyncMiddlewareCall,
  AsyncNext,
} from "./async-middleware";
export type {
  BackoffPolicy,
  BackoffSettings,
  ConstantBackoffSettings,
  ExponentialBackoffSettings,
  JitterSettings,
  LinearBackoffSettings,
  PolynomialBackoffSettings,
} from "./backoff-policy";
export {
  constantBackoffPolicy,
  exponentialBackoffPolicy,
  linearBackoffPolicy,
  polynomialBackoffPolicy,
} from "./backoff-policy";
export type { BulkheadCall, BulkheadSettings } from "./bulkhead";
export { bulkhead } from "./bulkhead";
export type { Callback } from "./callback";
export { concurrentHedging } from "./concurrent-hedging";
export { dynamic } from "./dynamic";
export type { ErrorClass, ErrorPolicy, FalseAsErrorPolicy } from "./error-policy";
export type { Fallback, FallbackAnswer, FallbackSettings, FallbackValue } from "./fallback";
export { fallback } from "./fallback";
export type {
  HedgingAttempt,
  HedgingFailure,
  HedgingFallback,
  HedgingSettings,
  NamedHedgingFallback,
} from "./hedging";
export type { AsyncLazy } from "./lazy-promise";
export { isLazyPromise, LazyPromise } from "./lazy-promise";
export type { ObservedCall, ObservedEnd, ObservedError, ObservedSuccess, ObserveSettings } from "./observe";
export { observe } from "./observe";
export type { RetryAttempt, RetryDelay, RetrySettings } from "./retry";
export { retry } from "./retry";
export { sequentialHedging } from "./sequential-hedging";
export type { Timeout, TimeoutSettings } from "./timeout";
export { timeout } from "./timeout";
