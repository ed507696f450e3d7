/** One value, or any iterable of them: an array, a set, a generator. A string is always one value. */
export type OneOrMore<T> = T | Iterable<T>;

/**
 * The values in order, read exactly once, so that a generator may be passed.
 *
 * @internal
 */
export function toArray<T>(values: OneOrMore<T>): T[] {
  if (typeof values === "string" || !isIterable(values)) {
    return [values as T];
  }
  return Array.from(values);
}

function isIterable<T>(value: OneOrMore<T>): value is Iterable<T> {
  return value !== null && value !== undefined && typeof (value as Iterable<T>)[Symbol.iterator] === "function";
}
