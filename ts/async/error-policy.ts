import { InvalidInputError } from "../utilities/errors";
import { type Invokable, invoke, isInvokable, type Promisable } from "../utilities/invokable";
import { isResultFailure } from "../utilities/result";
import { isStandardSchema, type StandardSchema } from "../utilities/standard-schema";

/** A class of errors: `Error` or one that extends it. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Decides by a value instead of an error: a bare `false`, or a failed `Result`, counts as a failure. */
export interface FalseAsErrorPolicy {
  /** Whether `false` and failed results are failures. Errors that are thrown are not, either way. */
  treatFalseAsError: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a predicate may name the error it expects.
type ErrorPredicate = Invokable<[error: any], Promisable<boolean>>;

/**
 * Which failures a middleware deals with; others pass it by:
 *
 * - a predicate, or an object with `invoke`: those for which it answers `true`;
 * - a class of errors, or several: their instances;
 * - a Standard Schema: those that match it;
 * - `{ treatFalseAsError: true }`: a result of `false` or a failed `Result`, and nothing that is thrown.
 *
 * The first three look at what is thrown and at the error of a failed `Result`.
 */
export type ErrorPolicy = ErrorPredicate | ErrorClass | readonly ErrorClass[] | StandardSchema | FalseAsErrorPolicy;

/**
 * Whether a thrown error is one the policy names. Without a policy every error is.
 *
 * @throws InvalidInputError if the policy has none of the known forms.
 * @internal
 */
export async function coversError(policy: ErrorPolicy | undefined, error: unknown): Promise<boolean> {
  if (policy === undefined) {
    return true;
  }
  if (isStandardSchema(policy)) {
    const { issues } = await policy["~standard"].validate(error);
    return issues === undefined;
  }
  if (Array.isArray(policy) && policy.every(isErrorClass)) {
    return policy.some((errorClass) => error instanceof errorClass);
  }
  if (isErrorClass(policy)) {
    return error instanceof policy;
  }
  if (isInvokable(policy)) {
    return (await invoke(policy, error)) === true;
  }
  if (isFalseAsErrorPolicy(policy)) {
    return false;
  }
  throw new InvalidInputError(
    "Invalid errorPolicy; pass a predicate, an error class or an array of them, a Standard Schema, or { treatFalseAsError }",
  );
}

/**
 * Whether a value is a failure the policy names: a failed `Result`, or `false`. Other values never are.
 *
 * @internal
 */
export async function coversValue(policy: ErrorPolicy | undefined, value: unknown): Promise<boolean> {
  if (value !== false && !isResultFailure(value)) {
    return false;
  }
  if (isFalseAsErrorPolicy(policy)) {
    return policy.treatFalseAsError;
  }
  return value !== false && coversError(policy, value.error);
}

function isFalseAsErrorPolicy(policy: unknown): policy is FalseAsErrorPolicy {
  return (
    typeof policy === "object" &&
    policy !== null &&
    typeof (policy as Partial<FalseAsErrorPolicy>).treatFalseAsError === "boolean"
  );
}

// By the prototype, not the source text: compiled and built-in classes are classes too.
function isErrorClass(policy: unknown): policy is ErrorClass {
  return typeof policy === "function" && (policy === Error || policy.prototype instanceof Error);
}
