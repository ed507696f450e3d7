import type { Invokable, Promisable } from "../utilities/invokable";

/** Values that the owner of an {@link AsyncHooks} hands to its middlewares. */
export type AsyncContext = Partial<Record<string, unknown>>;

/** Tells middlewares how a function takes its abort signal, so that they can hand it theirs. */
export interface AbortSignalBinder<Args extends unknown[] = unknown[]> {
  /** The abort signal among the arguments, or `undefined` if there is none. */
  getSignal(args: Args): AbortSignal | undefined;
  /** Puts a signal among the arguments. They are a copy made for this call, to be changed in place. */
  forwardSignal(args: Args, signal: AbortSignal): void;
}

/** What a middleware knows of the call it is part of. */
export interface AsyncMiddlewareCall<Args extends unknown[] = unknown[], Context extends AsyncContext = AsyncContext> {
  /** Name of the function being called, for logs; empty if it has none. */
  readonly name: string;
  /** Values from the owner of the call. */
  readonly context: Context;
  /** Aborted when the caller or an outer middleware gives up, or this middleware calls {@link abort}. */
  readonly signal: AbortSignal;
  /** Aborts everything inside this middleware with a reason. */
  readonly abort: (reason?: unknown) => void;
  /** How the function takes its abort signal. */
  readonly signalBinder: AbortSignalBinder<Args>;
}

/** Calls the rest of the chain. A middleware may call it any number of times, or not at all. */
export type AsyncNext<Args extends unknown[], Ret> = (...args: Args) => Promise<Ret>;

/** Wraps an asynchronous function: it sees the arguments, decides when to call `next`, and what to answer. */
export type AsyncMiddleware<
  Args extends unknown[] = unknown[],
  Ret = unknown,
  Context extends AsyncContext = AsyncContext,
> = Invokable<[args: Args, next: AsyncNext<Args, Ret>, call: AsyncMiddlewareCall<Args, Context>], Promisable<Ret>>;
