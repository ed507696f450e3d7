import { type Invokable, invoke, isInvokable, type Promisable } from "../utilities/invokable";
import { type InferResultSuccess, isResult, type Result, resultSuccess } from "../utilities/result";
import type { AsyncContext, AsyncMiddleware } from "./async-middleware";
import { type Callback, tell } from "./callback";
import type { ErrorPolicy } from "./error-policy";
import { conclude, errorOf, isFailure, outcomeOf } from "./outcome";

/** What a fallback may answer: what the work answers or, if that is a `Result`, the value of a successful one. */
export type FallbackAnswer<Ret> = Ret | (Ret extends Result ? InferResultSuccess<Ret> : never);

/** The answer itself, a promise of it, or a function of the error that makes it. */
export type FallbackValue<Ret> =
  | Promisable<FallbackAnswer<Ret>>
  | Invokable<[error: unknown], Promisable<FallbackAnswer<Ret>>>;

/** A failed call that is about to be answered with the fallback. */
export interface Fallback<Args extends unknown[], Ret, Context extends AsyncContext> {
  /** What the work threw, or the error of its failed `Result`; `undefined` if it answered `false`. */
  readonly error: unknown;
  /** What is answered in its place. */
  readonly fallbackValue: FallbackAnswer<Ret>;
  /** What the function was called with. */
  readonly args: Args;
  /** Values from the owner of the call. */
  readonly context: Context;
}

/** Settings of {@link fallback}. */
export interface FallbackSettings<
  Args extends unknown[] = unknown[],
  Ret = unknown,
  Context extends AsyncContext = AsyncContext,
> {
  /** What to answer instead of a failure. A function is called, never answered. */
  fallbackValue: FallbackValue<Ret>;
  /** Which failures to answer for. Default: every thrown error and every failed `Result`. */
  errorPolicy?: ErrorPolicy | undefined;
  /** Called before the fallback is answered. */
  onFallback?: Callback<Fallback<Args, Ret, Context>> | undefined;
}

/**
 * A middleware that answers with a value of its own when the work fails. In the place of a failed `Result` it answers a
 * successful one. A failure that the error policy does not name passes as it is.
 */
export function fallback<Args extends unknown[], Ret, Context extends AsyncContext>(
  settings: NoInfer<FallbackSettings<Args, Ret, Context>>,
): AsyncMiddleware<Args, Ret, Context> {
  const { errorPolicy, onFallback } = settings;
  return async (args, next, { context }) => {
    const outcome = await outcomeOf(() => next(...args));
    if (!(await isFailure(errorPolicy, outcome))) {
      return conclude(outcome);
    }
    const error = errorOf(outcome);
    const given = settings.fallbackValue as FallbackValue<unknown>;
    const fallbackValue = (await (isInvokable(given) ? invoke(given, error) : given)) as FallbackAnswer<Ret>;
    await tell(onFallback, { error, fallbackValue, args, context });
    const isResultExpected = !outcome.threw && isResult(outcome.value);
    return (isResultExpected && !isResult(fallbackValue) ? resultSuccess(fallbackValue) : fallbackValue) as Ret;
  };
}
