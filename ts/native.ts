import { checkTtl, makeAnswerNow, type NativeFailure, type NativeLockProvider, openLockProvider } from "../binding";
import {
  ClosedLockError,
  ConfigurationLockError,
  ConnectionLockError,
  DatabaseLockError,
  type LockAdapterError,
} from "./lock/contracts/errors";
import { InvalidInputError } from "./utilities/errors";

export type { NativeHolder, NativeLock, NativeLockProvider, NativeOutcome } from "../binding";
export { answer, NativeVerb } from "../binding";

/** Answers one verb at once, for locks of an immediate provider. */
export const answerNow = makeAnswerNow();

/** A ttl, as the verbs take it, of a lease that has no end. */
export const NO_END = Number.POSITIVE_INFINITY;

/** The provider over the adapter that a URL names. */
export function openProvider(url: string, tableName?: string): NativeLockProvider {
  const provider = openLockProvider(url, tableName);
  if (isFailure(provider)) {
    throw errorOf(provider);
  }
  return provider;
}

/** Throws unless a lease can last that long. */
export function refuseBadTtl(milliseconds: number): void {
  const failure = checkTtl(milliseconds);
  if (failure !== null) {
    throw errorOf(failure);
  }
}

/** Whether something that came out of the engine is a failure. */
export function isFailure(value: unknown): value is NativeFailure {
  return typeof value === "object" && value !== null && "kind" in value;
}

/** The error to throw for a failure of the engine. */
export function errorOf(
  { kind, message }: NativeFailure,
  about: { key?: string; owner?: string } = {},
): LockAdapterError | InvalidInputError {
  switch (kind) {
    case "invalid-input":
      return new InvalidInputError(message);
    case "configuration":
      return new ConfigurationLockError(message, undefined, about);
    case "connection":
      return new ConnectionLockError(message, undefined, about);
    case "closed":
      return new ClosedLockError(message, undefined, about);
    default:
      return new DatabaseLockError(message, undefined, about);
  }
}
