import type { Invokable, Promisable } from "../utilities/invokable";
import { type OneOrMore, toArray } from "../utilities/one-or-more";
import type { AbortSignalBinder, AsyncContext, AsyncMiddleware, AsyncNext } from "./async-middleware";
import { callThrough, type MiddlewareChain } from "./middleware-chain";

/** Settings of {@link AsyncHooks}. */
export interface AsyncHooksSettings<Args extends unknown[], Context extends AsyncContext> {
  /** Name of the function, for logs. Default: its own name, or empty. */
  name?: string | undefined;
  /** How the function takes its abort signal. Default: it takes none. */
  signalBinder?: AbortSignalBinder<Args> | undefined;
  /** Values handed to every middleware. Default: none. */
  context?: Context | undefined;
}

const NO_SIGNAL: AbortSignalBinder<unknown[]> = {
  getSignal: () => undefined,
  forwardSignal: () => undefined,
};

/** A function wrapped in middlewares; the first in the list is the outermost. Immutable. */
export class AsyncHooks<Args extends unknown[], Ret, Context extends AsyncContext = AsyncContext> {
  private readonly chain: MiddlewareChain<Args, Ret, Context>;

  /**
   * Calls nothing yet.
   *
   * @param invokable The function to wrap.
   * @param middlewares What to wrap it in; the first is the outermost.
   */
  constructor(
    invokable: Invokable<Args, Promisable<Ret>>,
    middlewares: OneOrMore<AsyncMiddleware<Args, Ret, Context>>,
    settings: AsyncHooksSettings<Args, Context> = {},
  ) {
    this.chain = {
      invokable,
      middlewares: toArray(middlewares),
      name: settings.name ?? (typeof invokable === "function" ? invokable.name : ""),
      signalBinder: settings.signalBinder ?? (NO_SIGNAL as AbortSignalBinder<Args>),
      context: settings.context ?? ({} as Context),
    };
  }

  /** The same function with further middlewares inside the present ones. */
  pipe(middlewares: OneOrMore<AsyncMiddleware<Args, Ret, Context>>): AsyncHooks<Args, Ret, Context> {
    const { invokable } = this.chain;
    return new AsyncHooks(invokable, [...this.chain.middlewares, ...toArray(middlewares)], this.chain);
  }

  /** As {@link pipe} if the condition holds, otherwise this object itself. */
  pipeWhen(
    condition: boolean,
    middlewares: OneOrMore<AsyncMiddleware<Args, Ret, Context>>,
  ): AsyncHooks<Args, Ret, Context> {
    return condition ? this.pipe(middlewares) : this;
  }

  /** Calls the function through its middlewares. Whatever throws on the way is a rejection. */
  async invoke(...args: Args): Promise<Ret> {
    return callThrough(this.chain, args, this.chain.signalBinder.getSignal(args));
  }

  /** A plain function that does what {@link invoke} does. */
  toFunc(): AsyncNext<Args, Ret> {
    return (...args) => this.invoke(...args);
  }
}
