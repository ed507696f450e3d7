import type { AsyncContext, AsyncMiddleware } from "./async-middleware";
import { concludeAll, type HedgingSettings, hedge } from "./hedging";
import { conclude, type Outcome } from "./outcome";

/**
 * A middleware that tries the work and then its fallbacks, one after another, until one succeeds.
 *
 * A failure that the error policy does not name ends it at once; so does an abort, with the signal's reason. When all
 * have failed it rejects with a {@link HedgingAsyncError} or, if none of them threw, answers the last value.
 */
export function sequentialHedging<Args extends unknown[], Ret, Context extends AsyncContext>(
  settings: NoInfer<HedgingSettings<Args, Ret, Context>>,
): AsyncMiddleware<Args, Ret, Context> {
  const functions = hedge(settings);
  return async (args, next, call) => {
    const failures: Outcome<Ret>[] = [];
    for (const attempt of functions(args, next, call)) {
      call.signal.throwIfAborted();
      const { outcome, failed } = await attempt(call.signal);
      if (!failed) {
        return conclude(outcome);
      }
      failures.push(outcome);
    }
    return concludeAll(failures);
  };
}
