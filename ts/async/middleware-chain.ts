import { type Invokable, invoke, type Promisable } from "../utilities/invokable";
import type { AbortSignalBinder, AsyncContext, AsyncMiddleware, AsyncNext } from "./async-middleware";

/**
 * A function and what it is wrapped in; the first middleware is the outermost.
 *
 * @internal
 */
export interface MiddlewareChain<Args extends unknown[], Ret, Context extends AsyncContext> {
  readonly invokable: Invokable<Args, Promisable<Ret>>;
  readonly middlewares: readonly AsyncMiddleware<Args, Ret, Context>[];
  readonly name: string;
  readonly context: Context;
  readonly signalBinder: AbortSignalBinder<Args>;
}

/**
 * Calls a function through the middlewares from `position` on. Whatever throws on the way is a rejection.
 *
 * @param outerSignal Aborts the call; each middleware's own signal follows it.
 * @internal
 */
export async function callThrough<Args extends unknown[], Ret, Context extends AsyncContext>(
  chain: MiddlewareChain<Args, Ret, Context>,
  args: Args,
  outerSignal: AbortSignal | undefined,
  position = 0,
): Promise<Ret> {
  const middleware = chain.middlewares[position];
  if (middleware === undefined) {
    return invoke(chain.invokable, ...args);
  }
  const { name, context, signalBinder } = chain;
  const controller = new AbortController();
  const { signal } = controller;
  const abort = (reason?: unknown) => controller.abort(reason);
  const abortWithOuter = () => abort(outerSignal?.reason);
  if (outerSignal?.aborted) {
    abortWithOuter();
  }
  const next: AsyncNext<Args, Ret> = (...given) => {
    const nextArgs = [...given] as Args;
    signalBinder.forwardSignal(nextArgs, signal);
    return callThrough(chain, nextArgs, signal, position + 1);
  };
  // Removed as soon as this layer is done: an outer signal may live as long as the process.
  outerSignal?.addEventListener("abort", abortWithOuter, { once: true });
  try {
    return await invoke(middleware, args, next, { name, context, signal, abort, signalBinder });
  } finally {
    outerSignal?.removeEventListener("abort", abortWithOuter);
  }
}
