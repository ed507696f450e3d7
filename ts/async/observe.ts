import { TimeSpan } from "../utilities/time-span";
import type { AsyncContext, AsyncMiddleware } from "./async-middleware";
import { type Callback, tell } from "./callback";
import { conclude, errorOf, isFailure, outcomeOf } from "./outcome";

/** A call that is being observed. */
export interface ObservedCall<Args extends unknown[], Context extends AsyncContext> {
  /** What the function was called with. */
  readonly args: Args;
  /** Values from the owner of the call. */
  readonly context: Context;
}

/** An observed call that succeeded. */
export interface ObservedSuccess<Args extends unknown[], Ret, Context extends AsyncContext>
  extends ObservedCall<Args, Context> {
  /** What the function answered. */
  readonly returnValue: Ret;
}

/** An observed call that failed. */
export interface ObservedError<Args extends unknown[], Context extends AsyncContext>
  extends ObservedCall<Args, Context> {
  /** What was thrown, or the error of the failed `Result`. */
  readonly error: unknown;
}

/** An observed call that has ended. */
export interface ObservedEnd<Args extends unknown[], Context extends AsyncContext> extends ObservedCall<Args, Context> {
  /** How long it took, by a clock that does not jump. */
  readonly executionTime: TimeSpan;
}

/** Settings of {@link observe}. */
export interface ObserveSettings<
  Args extends unknown[] = unknown[],
  Ret = unknown,
  Context extends AsyncContext = AsyncContext,
> {
  /** Called before the work. */
  onStart?: Callback<ObservedCall<Args, Context>> | undefined;
  /** Called when the work has answered, unless with a failed `Result`. */
  onSuccess?: Callback<ObservedSuccess<Args, Ret, Context>> | undefined;
  /** Called when the work has thrown, or answered a failed `Result`. */
  onError?: Callback<ObservedError<Args, Context>> | undefined;
  /** Called after either of them. */
  onFinally?: Callback<ObservedEnd<Args, Context>> | undefined;
}

/** A middleware that tells how calls go, and changes nothing about them. */
export function observe<Args extends unknown[], Ret, Context extends AsyncContext>(
  settings: NoInfer<ObserveSettings<Args, Ret, Context>>,
): AsyncMiddleware<Args, Ret, Context> {
  return async (args, next, { context }) => {
    const call = { args, context };
    await tell(settings.onStart, call);
    const start = performance.now();
    const outcome = await outcomeOf(() => next(...args));
    const executionTime = TimeSpan.fromMilliseconds(performance.now() - start);
    try {
      if (await isFailure(undefined, outcome)) {
        await tell(settings.onError, { ...call, error: errorOf(outcome) });
      } else {
        await tell(settings.onSuccess, { ...call, returnValue: conclude(outcome) });
      }
    } finally {
      await tell(settings.onFinally, { ...call, executionTime });
    }
    return conclude(outcome);
  };
}
