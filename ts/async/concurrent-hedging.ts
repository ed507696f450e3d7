import { AsyncError } from "./async-errors";
import type { AsyncContext, AsyncMiddleware } from "./async-middleware";
import { concludeAll, type HedgingSettings, hedge } from "./hedging";
import { conclude, type Outcome } from "./outcome";

/**
 * A middleware that begins the work and all its fallbacks at the same time and ends with the first that succeeds. The
 * others are then aborted; what becomes of them is ignored.
 *
 * A failure that the error policy does not name ends it as a success would. When all have failed it rejects with a
 * {@link HedgingAsyncError} or, if none of them threw, answers the last value.
 */
export function concurrentHedging<Args extends unknown[], Ret, Context extends AsyncContext>(
  settings: NoInfer<HedgingSettings<Args, Ret, Context>>,
): AsyncMiddleware<Args, Ret, Context> {
  const functions = hedge(settings);
  return async (args, next, call) => {
    const failures: Outcome<Ret>[] = [];
    const attempts = functions(args, next, call);
    const first = new Promise<Outcome<Ret> | undefined>((resolve, reject) => {
      const run = attempts.map(async (attempt, index) => {
        const { outcome, failed } = await attempt(call.signal);
        if (!failed) {
          resolve(outcome);
        }
        failures[index] = outcome;
      });
      Promise.all(run).then(() => resolve(undefined), reject);
    });
    try {
      const outcome = await first;
      return outcome === undefined ? concludeAll(failures) : conclude(outcome);
    } finally {
      call.abort(new AsyncError("Another function of the hedged call was faster"));
    }
  };
}
