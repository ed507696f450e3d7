import { describe, expect, test } from "vitest";
import { isLockError, LOCK_ERRORS, LockAdapterError, LockError } from "../../ts/lock/contracts";
import { InvalidInputError } from "../../ts/utilities";

const classes = Object.values(LOCK_ERRORS);

describe.each(classes)("%o", (ErrorClass) => {
  test("has the name of its class and a code", () => {
    const error = new ErrorClass("message");
    expect(error.name).toBe(ErrorClass.name);
    expect(String(error)).toBe(`${ErrorClass.name}: message`);
    expect(error.stack).toContain(`${ErrorClass.name}: message`);
    expect(error.code).toMatch(/^LOCK/);
  });

  test("has the very cause it is given, and none if it is given none", () => {
    const cause = new Error("cause");
    expect(new ErrorClass("message", cause).cause).toBe(cause);
    expect("cause" in new ErrorClass("message")).toBe(false);
  });

  test("says which lock it is about", () => {
    expect(new ErrorClass("message", undefined, { key: "key", owner: "owner" })).toMatchObject({
      key: "key",
      owner: "owner",
    });
    expect(new ErrorClass("message")).toMatchObject({ key: undefined, owner: undefined });
  });

  test("is an error about locks", () => {
    expect(new ErrorClass("message")).toBeInstanceOf(LockError);
    expect(isLockError(new ErrorClass("message"))).toBe(true);
  });
});

test("every code is of one class", () => {
  const codes = classes.map((ErrorClass) => new ErrorClass("message").code);
  expect(new Set(codes).size).toBe(classes.length);
});

test("what a database does is told apart from what a lock answers", () => {
  const { Closed, Configuration, Connection, Database, KeyAlreadyAcquired } = LOCK_ERRORS;
  for (const ErrorClass of [Closed, Configuration, Connection, Database]) {
    expect(new ErrorClass("message")).toBeInstanceOf(LockAdapterError);
  }
  expect(new KeyAlreadyAcquired("message")).not.toBeInstanceOf(LockAdapterError);
});

test("other errors are not about locks", () => {
  for (const value of [
    new Error("message"),
    new InvalidInputError("message"),
    { name: "LockError" },
    null,
    undefined,
  ]) {
    expect(isLockError(value)).toBe(false);
  }
});
