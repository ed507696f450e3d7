import { inspect } from "node:util";
import { InvalidInputError } from "../utilities/errors";
import { type ITimeSpan, TimeSpan } from "../utilities/time-span";
import type { AsyncContext, AsyncMiddleware } from "./async-middleware";
import { type Callback, tell } from "./callback";
import { WaitingRoom } from "./waiting-room";

/** A call whose turn has come. */
export interface BulkheadCall<Args extends unknown[], Context extends AsyncContext> {
  /** What the function was called with. */
  readonly args: Args;
  /** Values from the owner of the call. */
  readonly context: Context;
}

/** Settings of {@link bulkhead}. */
export interface BulkheadSettings<Args extends unknown[] = unknown[], Context extends AsyncContext = AsyncContext> {
  /** How many calls may be at work at a time: 1 or more. Default 25. */
  maxConcurrency?: number | undefined;
  /** How many further calls may wait; 0 means none, `null` any number. Default `null`. */
  maxCapacity?: number | null | undefined;
  /** The shortest time between the beginnings of two calls. Default none. */
  interval?: ITimeSpan | undefined;
  /** Called when a call's turn has come, before its work. */
  onProcessing?: Callback<BulkheadCall<Args, Context>> | undefined;
}

/**
 * A middleware that lets a limited number of calls work at a time. The others wait for their turn, first come, first
 * served; a call that is aborted while waiting leaves the queue and rejects with the signal's reason.
 *
 * The limit is of the middleware: calls count together wherever this one object is used.
 *
 * @throws InvalidInputError if a setting is out of its range. Calls reject with {@link CapacityFullAsyncError} when as
 * many are waiting as may.
 */
export function bulkhead<Args extends unknown[], Ret, Context extends AsyncContext>(
  settings: NoInfer<BulkheadSettings<Args, Context>> = {},
): AsyncMiddleware<Args, Ret, Context> {
  const { maxConcurrency = 25, maxCapacity = null, interval = TimeSpan.fromMilliseconds(0) } = settings;
  const room = new WaitingRoom(
    count("maxConcurrency", maxConcurrency, 1),
    count("maxCapacity", maxCapacity ?? Number.POSITIVE_INFINITY, 0),
    TimeSpan.fromTimeSpan(interval).toMilliseconds(),
  );
  return async (args, next, { context, signal }) => {
    const leave = await room.enter(signal);
    try {
      await tell(settings.onProcessing, { args, context });
      return await next(...args);
    } finally {
      leave();
    }
  };
}

function count(name: string, value: number, least: number): number {
  if (!(value >= least) || (!Number.isInteger(value) && value !== Number.POSITIVE_INFINITY)) {
    throw new InvalidInputError(`Invalid ${name}: ${inspect(value)}; pass a whole number, ${least} or more`);
  }
  return value;
}
