import type { Invokable, Promisable } from "../utilities/invokable";
import { type OneOrMore, toArray } from "../utilities/one-or-more";
import { HedgingAsyncError } from "./async-errors";
import type { AsyncContext, AsyncMiddleware, AsyncMiddlewareCall, AsyncNext } from "./async-middleware";
import { type Callback, tell } from "./callback";
import type { ErrorPolicy } from "./error-policy";
import { callThrough } from "./middleware-chain";
import { conclude, errorOf, isFailure, type Outcome, outcomeOf } from "./outcome";

/** A function that can do the work in place of another. */
export type HedgingFallback<Args extends unknown[], Ret> = Invokable<Args, Promisable<Ret>>;

/** A {@link HedgingFallback} with a name for callbacks. */
export interface NamedHedgingFallback<Args extends unknown[], Ret> {
  /** Need not be different from others. */
  readonly name: string;
  /** What does the work. */
  readonly invokable: HedgingFallback<Args, Ret>;
}

/** One function of a hedged call that is about to be called. */
export interface HedgingAttempt<Args extends unknown[], Context extends AsyncContext> {
  /** `primary` for the work itself; a fallback's name or, if it has none, `fallback-1` and so on. */
  readonly name: string;
  /** What the function was called with. */
  readonly args: Args;
  /** Values from the owner of the call. */
  readonly context: Context;
}

/** One function of a hedged call that has failed. */
export interface HedgingFailure<Args extends unknown[], Context extends AsyncContext>
  extends HedgingAttempt<Args, Context> {
  /** What it threw, or the error of its failed `Result`; `undefined` if it answered `false`. */
  readonly error: unknown;
}

/** Settings of the hedging middlewares. */
export interface HedgingSettings<
  Args extends unknown[] = unknown[],
  Ret = unknown,
  Context extends AsyncContext = AsyncContext,
> {
  /** What else can do the work. */
  fallbacks: OneOrMore<HedgingFallback<Args, Ret> | NamedHedgingFallback<Args, Ret>>;
  /** Wrapped around each function by itself, the work included. Default none. */
  middlewares?: OneOrMore<AsyncMiddleware<Args, Ret, Context>> | undefined;
  /** Which failures lead to a fallback. Default: every thrown error and every failed `Result`. */
  errorPolicy?: ErrorPolicy | undefined;
  /** Called before each function. */
  onHedgingAttempt?: Callback<HedgingAttempt<Args, Context>> | undefined;
  /** Called when a function has failed in a way that the error policy names, unless it had been aborted. */
  onHedgingError?: Callback<HedgingFailure<Args, Context>> | undefined;
}

/**
 * Calls one of the functions of a hedged call; aborted by the signal.
 *
 * @internal
 */
export type HedgedFunction<Ret> = (signal: AbortSignal) => Promise<HedgedOutcome<Ret>>;

/**
 * How one function ended, and whether that leads on to a fallback.
 *
 * @internal
 */
export interface HedgedOutcome<Ret> {
  readonly outcome: Outcome<Ret>;
  readonly failed: boolean;
}

/**
 * Prepares the functions of hedged calls: for each call they are answered in order, the work itself first. They never
 * reject for what the function threw, only for what a callback or the policy did.
 *
 * @internal
 */
export function hedge<Args extends unknown[], Ret, Context extends AsyncContext>(
  settings: HedgingSettings<Args, Ret, Context>,
) {
  const middlewares = toArray(settings.middlewares ?? []);
  const fallbacks = toArray(settings.fallbacks).map((fallback, index) =>
    "invokable" in fallback ? fallback : { name: `fallback-${index + 1}`, invokable: fallback },
  );
  return (
    args: Args,
    next: AsyncNext<Args, Ret>,
    { context, signalBinder }: AsyncMiddlewareCall<Args, Context>,
  ): HedgedFunction<Ret>[] =>
    [{ name: "primary", invokable: next }, ...fallbacks].map(({ name, invokable }) => async (signal) => {
      const attempt = { name, args, context };
      await tell(settings.onHedgingAttempt, attempt);
      const ownArgs = [...args] as Args;
      signalBinder.forwardSignal(ownArgs, signal);
      const chain = { invokable, middlewares, name, context, signalBinder };
      const outcome = await outcomeOf(() => callThrough(chain, ownArgs, signal));
      const failed = await isFailure(settings.errorPolicy, outcome);
      // An aborted function was given up on; that it then fails tells nothing.
      if (failed && !signal.aborted) {
        await tell(settings.onHedgingError, { ...attempt, error: errorOf(outcome) });
      }
      return { outcome, failed };
    });
}

/**
 * What a hedged call ends with when every function has failed: an error with all that was thrown or, if nothing was,
 * the last value.
 *
 * @internal
 */
export function concludeAll<Ret>(outcomes: readonly Outcome<Ret>[]): Ret {
  const errors = outcomes.flatMap((outcome) => (outcome.threw ? [outcome.error] : []));
  const last = outcomes.at(-1);
  if (errors.length > 0 || last === undefined) {
    throw new HedgingAsyncError("The work and all its fallbacks failed", errors);
  }
  return conclude(last);
}
