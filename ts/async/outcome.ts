import { isResultFailure } from "../utilities/result";
import { coversError, coversValue, type ErrorPolicy } from "./error-policy";

/**
 * How an attempt ended: it answered a value, which may be a failed `Result`, or it threw.
 *
 * @internal
 */
export type Outcome<T> =
  | { readonly threw: false; readonly value: T }
  | { readonly threw: true; readonly error: unknown };

/**
 * Runs an attempt to its outcome. Never rejects.
 *
 * @internal
 */
export async function outcomeOf<T>(attempt: () => PromiseLike<T>): Promise<Outcome<T>> {
  try {
    return { threw: false, value: await attempt() };
  } catch (error) {
    return { threw: true, error };
  }
}

/**
 * Whether an outcome is a failure that the policy names.
 *
 * @internal
 */
export function isFailure(policy: ErrorPolicy | undefined, outcome: Outcome<unknown>): Promise<boolean> {
  return outcome.threw ? coversError(policy, outcome.error) : coversValue(policy, outcome.value);
}

/**
 * What went wrong in a failed outcome: what was thrown or the error of the failed `Result`; `undefined` for a `false`.
 *
 * @internal
 */
export function errorOf(outcome: Outcome<unknown>): unknown {
  if (outcome.threw) {
    return outcome.error;
  }
  return isResultFailure(outcome.value) ? outcome.value.error : undefined;
}

/**
 * Answers or throws what the attempt did.
 *
 * @internal
 */
export function conclude<T>(outcome: Outcome<T>): T {
  if (outcome.threw) {
    throw outcome.error;
  }
  return outcome.value;
}
