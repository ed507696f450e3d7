import { inspect } from "node:util";
import { InvalidInputError } from "../utilities/errors";
import { invoke } from "../utilities/invokable";
import { TimeSpan } from "../utilities/time-span";
import type { AsyncContext, AsyncMiddleware } from "./async-middleware";
import { type BackoffPolicy, exponentialBackoffPolicy } from "./backoff-policy";
import { type Callback, tell } from "./callback";
import type { ErrorPolicy } from "./error-policy";
import { conclude, errorOf, isFailure, type Outcome, outcomeOf } from "./outcome";
import { wait } from "./wait";

/** An attempt that is about to be made. */
export interface RetryAttempt<Args extends unknown[], Context extends AsyncContext> {
  /** Counts from 1. */
  readonly attempt: number;
  /** What the function was called with. */
  readonly args: Args;
  /** Values from the owner of the call. */
  readonly context: Context;
}

/** A wait that is about to begin after a failed attempt. */
export interface RetryDelay<Args extends unknown[], Context extends AsyncContext> extends RetryAttempt<Args, Context> {
  /** What the attempt threw, or the error of its failed `Result`; `undefined` if it answered `false`. */
  readonly error: unknown;
  /** How long it will be. */
  readonly waitTime: TimeSpan;
}

/** Settings of {@link retry}. */
export interface RetrySettings<Args extends unknown[] = unknown[], Context extends AsyncContext = AsyncContext> {
  /** How often the work is done at most, the first time included: 1 or more. Default 4. */
  maxAttempts?: number | undefined;
  /** How long to wait between attempts. Default: {@link exponentialBackoffPolicy}. */
  backoffPolicy?: BackoffPolicy | undefined;
  /** Which failures are worth another attempt. Default: every thrown error and every failed `Result`. */
  errorPolicy?: ErrorPolicy | undefined;
  /** Called before each attempt. */
  onExecutionAttempt?: Callback<RetryAttempt<Args, Context>> | undefined;
  /** Called before each wait. */
  onRetryDelay?: Callback<RetryDelay<Args, Context>> | undefined;
}

/**
 * A middleware that does the work again when it fails.
 *
 * There is no wait after the last attempt. When all attempts have failed, the last error that was thrown is thrown; if
 * none was, the last value is answered: `acquire()` resolves to `false`, `run()` to its failed `Result`. A failure that
 * the error policy does not name ends it at once. So does an abort, with the signal's reason.
 *
 * @throws InvalidInputError if `maxAttempts` is not a whole number of 1 or more.
 */
export function retry<Args extends unknown[], Ret, Context extends AsyncContext>(
  settings: NoInfer<RetrySettings<Args, Context>> = {},
): AsyncMiddleware<Args, Ret, Context> {
  const { maxAttempts = 4, backoffPolicy = exponentialBackoffPolicy(), errorPolicy } = settings;
  if (!(maxAttempts >= 1) || (!Number.isInteger(maxAttempts) && maxAttempts !== Number.POSITIVE_INFINITY)) {
    throw new InvalidInputError(`Invalid maxAttempts: ${inspect(maxAttempts)}; pass a whole number, 1 or more`);
  }
  return async (args, next, { context, signal }) => {
    let lastThrown: Outcome<Ret> | undefined;
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      await tell(settings.onExecutionAttempt, { attempt, args, context });
      const outcome = await outcomeOf(() => next(...args));
      if (!(await isFailure(errorPolicy, outcome))) {
        return conclude(outcome);
      }
      lastThrown = outcome.threw ? outcome : lastThrown;
      if (attempt === maxAttempts) {
        return conclude(lastThrown ?? outcome);
      }
      signal.throwIfAborted();
      const error = errorOf(outcome);
      const waitTime = TimeSpan.fromTimeSpan(invoke(backoffPolicy, attempt, error));
      await tell(settings.onRetryDelay, { error, waitTime, attempt, args, context });
      await wait(waitTime.toMilliseconds(), signal);
    }
  };
}
