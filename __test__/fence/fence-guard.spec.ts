import { expect, test } from "vitest";
import { FenceGuard, StaleFenceError } from "../../ts/fence";

test("whoever was overtaken is refused, and told so", () => {
  const guard = new FenceGuard();
  guard.admit("account", 5n);
  guard.admit("account", 5n);
  guard.admit("account", 7n);
  expect(() => guard.admit("account", 6n)).toThrow(StaleFenceError);
  expect(guard.highestOf("account")).toBe(7n);
  try {
    guard.admit("account", 5n);
  } catch (error) {
    expect(error).toMatchObject({ name: "StaleFenceError", code: "FENCE_STALE", fence: 5n, highest: 7n });
  }
});

test("resources have nothing to do with each other", () => {
  const guard = new FenceGuard();
  guard.admit("one", 7n);
  guard.admit("other", 5n);
  expect(guard.highestOf("other")).toBe(5n);
  expect(guard.highestOf("third")).toBe(null);
});

test("what was written longest ago is forgotten first", () => {
  const guard = new FenceGuard({ capacity: 2 });
  guard.admit("one", 1n);
  guard.admit("two", 2n);
  guard.admit("one", 3n);
  guard.admit("three", 4n);
  expect(guard.highestOf("two")).toBe(null);
  expect([guard.highestOf("one"), guard.highestOf("three")]).toEqual([3n, 4n]);
});
