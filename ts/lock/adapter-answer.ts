import { inspect, types } from "node:util";
import { UnexpectedError } from "../utilities/errors";
import type { ILockExpirationData } from "./contracts/database-lock-adapter";
import type { LockAdapterState } from "./contracts/lock-adapter";

// Adapters of the application may be written without types, or cast from rows. What they answer decides who holds a lock,
// so it is checked.

/** @throws UnexpectedError if a method did not answer a boolean. */
export function booleanOf(method: string, answer: unknown): boolean {
  if (typeof answer !== "boolean") {
    throw nonsense(method, answer, "a boolean");
  }
  return answer;
}

/** @throws UnexpectedError if a method did not answer how many leases it changed. */
export function countOf(method: string, answer: unknown): number {
  if (typeof answer !== "number" || Number.isNaN(answer)) {
    throw nonsense(method, answer, "the number of leases it changed");
  }
  return answer;
}

/** @throws UnexpectedError if a method answered neither `null` nor something that ends at a date, or never. */
export function leaseOf<Lease extends ILockExpirationData>(method: string, answer: Lease | null): Lease | null {
  if (answer === null || (typeof answer === "object" && isEnd(answer.expiration))) {
    return answer;
  }
  throw nonsense(method, answer, "null, or an object whose expiration is a valid Date or null");
}

/** @throws UnexpectedError if a method answered neither `null` nor who holds a key and until when. */
export function holderOf(method: string, answer: LockAdapterState | null): LockAdapterState | null {
  const holder = leaseOf(method, answer);
  if (holder !== null && typeof holder.owner !== "string") {
    throw nonsense(method, answer, "an object whose owner is a string");
  }
  return holder;
}

function isEnd(expiration: unknown): boolean {
  return expiration === null || (types.isDate(expiration) && !Number.isNaN(expiration.getTime()));
}

function nonsense(method: string, answer: unknown, expected: string): UnexpectedError {
  const shown = inspect(answer, { depth: 0, maxStringLength: 80, breakLength: Number.POSITIVE_INFINITY });
  return new UnexpectedError(`The adapter's ${method} answered ${shown}; it has to answer ${expected}`);
}
