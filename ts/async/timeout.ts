import { type ITimeSpan, TimeSpan } from "../utilities/time-span";
import { TimeoutAsyncError } from "./async-errors";
import type { AsyncContext, AsyncMiddleware } from "./async-middleware";
import { type Callback, tell } from "./callback";
import { wait } from "./wait";

/** A call that took too long. */
export interface Timeout<Args extends unknown[], Context extends AsyncContext> {
  /** How long it was allowed to take. */
  readonly waitTime: TimeSpan;
  /** What the function was called with. */
  readonly args: Args;
  /** Values from the owner of the call. */
  readonly context: Context;
}

/** Settings of {@link timeout}. */
export interface TimeoutSettings<Args extends unknown[] = unknown[], Context extends AsyncContext = AsyncContext> {
  /** How long the work may take. Default 2 s. */
  waitTime?: ITimeSpan | undefined;
  /** Called when the time is over. */
  onTimeout?: Callback<Timeout<Args, Context>> | undefined;
}

/**
 * A middleware that rejects with a {@link TimeoutAsyncError} if the work takes too long.
 *
 * Everything inside it is aborted with the same error. Work that does not heed its abort signal goes on unseen: what it
 * answers or throws later is ignored.
 *
 * @throws InvalidInputError if `waitTime` is not a time span.
 */
export function timeout<Args extends unknown[], Ret, Context extends AsyncContext>(
  settings: NoInfer<TimeoutSettings<Args, Context>> = {},
): AsyncMiddleware<Args, Ret, Context> {
  const waitTime = TimeSpan.fromTimeSpan(settings.waitTime ?? TimeSpan.fromSeconds(2));
  return async (args, next, { context, abort }) => {
    const settled = new AbortController();
    const expire = async (): Promise<never> => {
      await wait(waitTime.toMilliseconds(), settled.signal);
      const error = new TimeoutAsyncError(`Timed out after ${waitTime}`);
      abort(error);
      await tell(settings.onTimeout, { waitTime, args, context });
      throw error;
    };
    try {
      return await Promise.race([next(...args), expire()]);
    } finally {
      settled.abort();
    }
  };
}
