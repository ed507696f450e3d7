import { describe, expect, test } from "vitest";
import { InvalidInputError, UnexpectedError } from "../../ts/utilities";

describe.each([
  [UnexpectedError, "UnexpectedError", "UNEXPECTED"],
  [InvalidInputError, "InvalidInputError", "INVALID_INPUT"],
])("%o", (ErrorClass, name, code) => {
  test("has a name and a code", () => {
    const error = new ErrorClass("no");
    expect(error).toBeInstanceOf(UnexpectedError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(name);
    expect(error.code).toBe(code);
    expect(error.message).toBe("no");
    expect(error.stack).toMatch(new RegExp(`^${name}: no`));
  });

  test("carries its cause as it is, and none if there is none", () => {
    const cause = new Error("why");
    expect(new ErrorClass("no", cause).cause).toBe(cause);
    expect(new ErrorClass("no", null).cause).toBe(null);
    expect("cause" in new ErrorClass("no")).toBe(false);
  });
});
