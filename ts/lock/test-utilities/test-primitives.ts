/** What the suites ask of an assertion. */
export interface Expectation {
  /** Fails unless both are the same, as `Object.is` tells. */
  toBe(expected: unknown): unknown;
  /** Fails unless both look the same, however deep. */
  toEqual(expected: unknown): unknown;
}

/**
 * The functions of the test runner. Those of vitest and of jest fit as they are; for the runner of Node, whose tests come
 * without `expect`, two assertions of `node:assert` do:
 *
 * ```ts
 * import { deepStrictEqual, strictEqual } from "node:assert";
 * import { beforeEach, describe, test } from "node:test";
 *
 * const expect = (actual: unknown) => ({
 *   toBe: (expected: unknown) => strictEqual(actual, expected),
 *   toEqual: (expected: unknown) => deepStrictEqual(actual, expected),
 * });
 * ```
 */
export interface TestPrimitives {
  /** Begins an assertion. */
  readonly expect: (actual: unknown) => Expectation;
  /** Adds a test. */
  readonly test: (name: string, fn: () => Promise<void>) => unknown;
  /** Adds a group of tests. */
  readonly describe: (name: string, fn: () => void) => unknown;
  /** Adds what is done before each test of the group. */
  readonly beforeEach: (fn: () => Promise<void>) => unknown;
}
