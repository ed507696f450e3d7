/** A value, or anything that can be awaited for one. */
export type Promisable<T> = T | PromiseLike<T>;

/** A plain function that can be invoked. */
export type InvokableFunction<Args extends readonly unknown[], Ret> = (...args: Args) => Ret;

/** An object with an `invoke` method, for callables that carry state or come from a container. */
export interface InvokableObject<Args extends readonly unknown[], Ret> {
  /** Does the work. It is called as a method, so `this` is the object. */
  invoke(...args: Args): Ret;
}

/** Anything this package can call: a function, or an object with an `invoke` method. */
export type Invokable<Args extends readonly unknown[] = [], Ret = void> =
  | InvokableFunction<Args, Ret>
  | InvokableObject<Args, Ret>;

/**
 * Calls a function or an invokable object.
 *
 * @internal
 */
export function invoke<Args extends readonly unknown[], Ret>(invokable: Invokable<Args, Ret>, ...args: Args): Ret {
  return typeof invokable === "function" ? invokable(...args) : invokable.invoke(...args);
}

/**
 * Whether a value can be passed where an {@link Invokable} is asked for.
 *
 * @internal
 */
export function isInvokable(value: unknown): value is Invokable<unknown[], unknown> {
  return (
    typeof value === "function" ||
    (typeof value === "object" && value !== null && typeof (value as { invoke?: unknown }).invoke === "function")
  );
}
