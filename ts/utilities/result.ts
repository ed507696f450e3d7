/** The two values of {@link Result}'s `type`. */
export const RESULT = {
  /** Of a {@link ResultFailure}. */
  FAILURE: "failure",
  /** Of a {@link ResultSuccess}. */
  SUCCESS: "success",
} as const;

/** A computation that succeeded. */
export interface ResultSuccess<T = unknown> {
  /** Tells it from a {@link ResultFailure}. */
  readonly type: typeof RESULT.SUCCESS;
  /** What was computed. */
  readonly value: T;
}

/** A computation that failed in a way its caller expects and handles, without anything being thrown. */
export interface ResultFailure<E = unknown> {
  /** Tells it from a {@link ResultSuccess}. */
  readonly type: typeof RESULT.FAILURE;
  /** Why it failed. */
  readonly error: E;
}

/** The outcome of a computation: a success with a value or a failure with an error, told apart by `type`. */
export type Result<T = unknown, E = unknown> = ResultSuccess<T> | ResultFailure<E>;

/** The value type of a {@link Result} type. */
export type InferResultSuccess<R extends Result> = R extends ResultSuccess<infer T> ? T : never;

/** The error type of a {@link Result} type. */
export type InferResultError<R extends Result> = R extends ResultFailure<infer E> ? E : never;

/** Wraps a value as a success. */
export function resultSuccess<T>(value: T): ResultSuccess<T> {
  return { type: RESULT.SUCCESS, value };
}

/** Wraps an error as a failure. */
export function resultFailure<E>(error: E): ResultFailure<E> {
  return { type: RESULT.FAILURE, error };
}

/** Whether a value is a {@link Result} of either kind. */
export function isResult(value: unknown): value is Result {
  return isResultSuccess(value) || isResultFailure(value);
}

/** Whether a value is a successful {@link Result}. */
export function isResultSuccess(value: unknown): value is ResultSuccess {
  return isObject(value) && value.type === RESULT.SUCCESS && "value" in value;
}

/** Whether a value is a failed {@link Result}. */
export function isResultFailure(value: unknown): value is ResultFailure {
  return isObject(value) && value.type === RESULT.FAILURE && "error" in value;
}

function isObject(value: unknown): value is { type?: unknown } {
  return typeof value === "object" && value !== null;
}
