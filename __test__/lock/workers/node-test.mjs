// Both suites under the test runner of Node, which has no `expect`.

import { deepStrictEqual, strictEqual } from "node:assert";
import { beforeEach, describe, test } from "node:test";
import { LockProvider, MemoryLockAdapter } from "holdfast";
import { lockAdapterTestSuite, lockProviderTestSuite } from "holdfast/lock/test-utilities";

/** @param {unknown} actual */
const expect = (actual) => ({
  /** @param {unknown} expected */
  toBe: (expected) => strictEqual(actual, expected),
  /** @param {unknown} expected */
  toEqual: (expected) => deepStrictEqual(actual, expected),
});
const primitives = { expect, test, describe, beforeEach };

lockAdapterTestSuite({ ...primitives, createAdapter: () => new MemoryLockAdapter() });

lockProviderTestSuite({
  ...primitives,
  createLockProvider: () => {
    const adapter = new MemoryLockAdapter();
    return { lockProvider: new LockProvider({ adapter }), otherLockProvider: new LockProvider({ adapter }) };
  },
});
