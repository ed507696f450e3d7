import { InvalidInputError } from "../utilities/errors";
import { type Invokable, invoke, type Promisable } from "../utilities/invokable";
import { type OneOrMore, toArray } from "../utilities/one-or-more";
import { type ITimeSpan, TimeSpan } from "../utilities/time-span";
import { AsyncHooks } from "./async-hooks";
import type { AsyncMiddleware } from "./async-middleware";
import { wait } from "./wait";

/** Asynchronous work without arguments that has not begun: a function, an object with `invoke`, or a lazy promise. */
export type AsyncLazy<T> = Invokable<[], Promisable<T>> | LazyPromise<T>;

// biome-ignore lint/suspicious/noExplicitAny: callbacks written for a native promise may name the error's type.
type OnRejected<Rejected> = ((reason: any) => Promisable<Rejected>) | null | undefined;

const NO_MIDDLEWARES: readonly never[] = [];

/**
 * A promise whose work begins when it is first awaited, not when it is made.
 *
 * Nothing runs before `await`, {@link then}, {@link catch}, {@link finally} or {@link defer}. The work runs at most once
 * for each object, and everyone who awaits it gets the same outcome. {@link pipe} wraps the work in middlewares, such as
 * `retry()`, which can run it again.
 */
export class LazyPromise<T> implements PromiseLike<T> {
  private readonly source: AsyncLazy<T>;
  // Typed loosely here, and by way of `this` in pipe, so that a LazyPromise<true> is a LazyPromise<boolean>: a
  // middleware takes as well as gives its type, and would bind the class to exactly one.
  private readonly middlewares: readonly AsyncMiddleware<[], unknown>[];
  private promise: Promise<T> | undefined = undefined;

  /**
   * Does no work beyond remembering its arguments.
   *
   * @param source What to do. A given `LazyPromise` still does its work only once.
   * @param middlewares What to wrap it in; the first is the outermost.
   */
  constructor(source: AsyncLazy<T>, middlewares: OneOrMore<AsyncMiddleware<[], T>> = NO_MIDDLEWARES) {
    this.source = source;
    this.middlewares = (middlewares === NO_MIDDLEWARES
      ? NO_MIDDLEWARES
      : toArray(middlewares)) as unknown as readonly AsyncMiddleware<[], unknown>[];
  }

  /** Always `"LazyPromise"`. */
  get [Symbol.toStringTag](): string {
    return "LazyPromise";
  }

  /** Begins the work if it has not begun, and answers a native promise, as `Promise.prototype.then` does. */
  // biome-ignore lint/suspicious/noThenProperty: being awaitable is the purpose of this class.
  then<Resolved = T, Rejected = never>(
    onFulfilled?: ((value: T) => Promisable<Resolved>) | null,
    onRejected?: OnRejected<Rejected>,
  ): Promise<Resolved | Rejected> {
    this.promise ??= this.start();
    return this.promise.then(onFulfilled, onRejected);
  }

  /** Begins the work if it has not begun, and answers a native promise, as `Promise.prototype.catch` does. */
  catch<Rejected = never>(onRejected?: OnRejected<Rejected>): Promise<T | Rejected> {
    this.promise ??= this.start();
    return this.promise.catch(onRejected);
  }

  /** Begins the work if it has not begun, and answers a native promise, as `Promise.prototype.finally` does. */
  finally(onFinally?: (() => void) | null): Promise<T> {
    this.promise ??= this.start();
    return this.promise.finally(onFinally);
  }

  /**
   * Begins the work if it has not begun, and returns without waiting for it.
   *
   * Nobody looks at the outcome: unless it is also awaited somewhere, a failure is an unhandled rejection, as with any
   * promise left alone, and ends the process by default. Attach a {@link catch} instead if it may fail.
   */
  defer(): void {
    this.promise ??= this.start();
  }

  /**
   * A new lazy promise for the same work, wrapped in these middlewares as well, inside those it has already. It has not
   * begun, whether or not this one has, and runs the work anew.
   *
   * @param middlewares One or more; the first is the outermost of them.
   */
  pipe<Self>(this: LazyPromise<Self>, middlewares: OneOrMore<AsyncMiddleware<[], Self>>): LazyPromise<Self> {
    return new LazyPromise(this.source, [
      ...(this.middlewares as readonly AsyncMiddleware<[], Self>[]),
      ...toArray(middlewares),
    ]);
  }

  /** As {@link pipe} if the condition holds; otherwise a new lazy promise for the same work, wrapped as this one is. */
  pipeWhen<Self>(
    this: LazyPromise<Self>,
    condition: boolean,
    middlewares: OneOrMore<AsyncMiddleware<[], Self>>,
  ): LazyPromise<Self> {
    return this.pipe(condition ? middlewares : NO_MIDDLEWARES);
  }

  // A synchronous throw of the source is a rejection like any other.
  private start(): Promise<T> {
    try {
      return this.middlewares.length === 0
        ? Promise.resolve(run(this.source))
        : runThrough(this.source, this.middlewares as readonly AsyncMiddleware<[], T>[]);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As `Promise.all`: all values, or the first failure. Nothing begins until the result is awaited. */
  static all<const Inputs extends readonly PromiseLike<unknown>[]>(
    promises: Inputs,
  ): LazyPromise<{ -readonly [Index in keyof Inputs]: Awaited<Inputs[Index]> }> {
    return new LazyPromise(() => Promise.all(promises));
  }

  /** As `Promise.allSettled`: all outcomes; never fails. Nothing begins until the result is awaited. */
  static allSettled<const Inputs extends readonly PromiseLike<unknown>[]>(
    promises: Inputs,
  ): LazyPromise<{ -readonly [Index in keyof Inputs]: PromiseSettledResult<Awaited<Inputs[Index]>> }> {
    return new LazyPromise(() => Promise.allSettled(promises));
  }

  /** As `Promise.any`: the first value, or an `AggregateError` if all fail. Nothing begins until it is awaited. */
  static any<const Inputs extends readonly PromiseLike<unknown>[]>(
    promises: Inputs,
  ): LazyPromise<Awaited<Inputs[number]>> {
    return new LazyPromise(() => Promise.any(promises));
  }

  /** As `Promise.race`: the first outcome, a value or a failure. Nothing begins until the result is awaited. */
  static race<const Inputs extends readonly PromiseLike<unknown>[]>(
    promises: Inputs,
  ): LazyPromise<Awaited<Inputs[number]>> {
    return new LazyPromise(() => Promise.race(promises));
  }

  /**
   * Waits. The time begins when the result is awaited.
   *
   * @param time How long; there is no upper limit.
   * @param abortSignal Ends the wait: the promise rejects with the signal's reason and the timer is cleared.
   * @throws InvalidInputError if `time` is not a time span.
   */
  static delay(time: ITimeSpan, abortSignal?: AbortSignal): LazyPromise<void> {
    const milliseconds = TimeSpan.fromTimeSpan(time).toMilliseconds();
    return new LazyPromise(() => wait(milliseconds, abortSignal));
  }

  /** A lazy promise settled by callbacks, as `new Promise` is; the executor runs when the result is awaited. */
  static fromCallback<T>(
    executor: (resolve: (value: Promisable<T>) => void, reject: (reason?: unknown) => void) => void,
  ): LazyPromise<T> {
    return new LazyPromise(() => new Promise<T>(executor));
  }

  /** A function with the same arguments whose calls are lazy promises. */
  static wrapFn<Args extends unknown[], T>(fn: Invokable<Args, Promisable<T>>): (...args: Args) => LazyPromise<T> {
    return (...args) => new LazyPromise(() => invoke(fn, ...args));
  }
}

/** Whether a value is a {@link LazyPromise}, be it of another copy of this package: it can be awaited and deferred. */
export function isLazyPromise(value: unknown): value is LazyPromise<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<LazyPromise<unknown>>).then === "function" &&
    typeof (value as Partial<LazyPromise<unknown>>).defer === "function"
  );
}

function run<T>(source: AsyncLazy<T>): Promisable<T> {
  if (typeof source === "function") {
    return source();
  }
  if (typeof source === "object" && source !== null) {
    if ("invoke" in source) {
      return source.invoke();
    }
    if (typeof source.then === "function") {
      return source;
    }
  }
  throw new InvalidInputError(
    "A LazyPromise needs work to do; pass a function, an object with invoke, or a LazyPromise",
  );
}

function runThrough<T>(source: AsyncLazy<T>, middlewares: readonly AsyncMiddleware<[], T>[]): Promise<T> {
  const name = typeof source === "function" ? source.name : "";
  return new AsyncHooks(() => run(source), middlewares, { name }).invoke();
}
