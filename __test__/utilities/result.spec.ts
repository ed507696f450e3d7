import { expect, test } from "vitest";
import {
  isResult,
  isResultFailure,
  isResultSuccess,
  RESULT,
  type Result,
  resultFailure,
  resultSuccess,
} from "../../ts/utilities";

test("a success carries its value", () => {
  expect(resultSuccess(5)).toEqual({ type: RESULT.SUCCESS, value: 5 });
  expect(RESULT.SUCCESS).toBe("success");
});

test("a failure carries its error", () => {
  const error = new Error("no");
  expect(resultFailure(error)).toEqual({ type: RESULT.FAILURE, error });
  expect(RESULT.FAILURE).toBe("failure");
});

test("results are told apart from each other", () => {
  const success: Result<number, Error> = resultSuccess(5);
  const failure: Result<number, Error> = resultFailure(new Error("no"));
  expect([isResult(success), isResultSuccess(success), isResultFailure(success)]).toEqual([true, true, false]);
  expect([isResult(failure), isResultSuccess(failure), isResultFailure(failure)]).toEqual([true, false, true]);
});

test("an undefined value is a value", () => {
  expect(isResultSuccess(resultSuccess(undefined))).toBe(true);
  expect(isResultFailure(resultFailure(undefined))).toBe(true);
});

test.each([null, undefined, 1, "success", {}, { type: "success" }, { type: "failure" }, { type: "other", value: 1 }])(
  "%j is no result",
  (value) => {
    expect(isResult(value)).toBe(false);
  },
);
