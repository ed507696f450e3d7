import type { LazyPromise } from "../../async";
import { TimeSpan } from "../../utilities";
import type { ILock } from "../contracts";
import { LOCK_EVENTS } from "../contracts";
import type { LoggedEvent } from "./event-log";
import { REFRESHED_TTL } from "./key-state";
import type { Outcome, Verb } from "./outcome";

/** Settings of the blocking methods for exactly one try. */
export const ONE_TRY = { time: TimeSpan.fromMilliseconds(0) } as const;

/** Settings of the blocking methods for as many tries as the test needs. */
export const MANY_TRIES = { time: TimeSpan.fromMinutes(10), interval: TimeSpan.fromMilliseconds(5) } as const;

/** A method of a lock that does one of the verbs. */
export interface LockMethod {
  readonly verb: Verb;
  /** Whether it throws where the verb answers `false`, and answers nothing where that answers `true`. */
  readonly throws: boolean;
  readonly call: (lock: ILock) => LazyPromise<unknown>;
}

/** The methods that ask for a verb once. */
export const LOCK_METHODS = {
  acquire: { verb: "acquire", throws: false, call: (lock) => lock.acquire() },
  acquireOrFail: { verb: "acquire", throws: true, call: (lock) => lock.acquireOrFail() },
  acquireBlocking: { verb: "acquire", throws: false, call: (lock) => lock.acquireBlocking(ONE_TRY) },
  acquireBlockingOrFail: { verb: "acquire", throws: true, call: (lock) => lock.acquireBlockingOrFail(ONE_TRY) },
  release: { verb: "release", throws: false, call: (lock) => lock.release() },
  releaseOrFail: { verb: "release", throws: true, call: (lock) => lock.releaseOrFail() },
  forceRelease: { verb: "forceRelease", throws: false, call: (lock) => lock.forceRelease() },
  refresh: { verb: "refresh", throws: false, call: (lock) => lock.refresh(REFRESHED_TTL) },
  refreshOrFail: { verb: "refresh", throws: true, call: (lock) => lock.refreshOrFail(REFRESHED_TTL) },
} as const satisfies Record<string, LockMethod>;

/** The methods with their names, for loops. */
export const EVERY_LOCK_METHOD: [string, LockMethod][] = Object.entries(LOCK_METHODS);

/** The events that tell of an outcome of what a lock did. */
export function eventsOf(outcome: Outcome, { key, id: owner, ttl }: ILock): LoggedEvent[] {
  switch (outcome) {
    case null:
      return [];
    case LOCK_EVENTS.ACQUIRED:
      return [{ name: outcome, event: { key, owner, ttl } }];
    case LOCK_EVENTS.REFRESHED:
      return [{ name: outcome, event: { key, owner, ttl: REFRESHED_TTL } }];
    case LOCK_EVENTS.FORCE_RELEASED:
      return [{ name: outcome, event: { key } }];
    default:
      return [{ name: outcome, event: { key, owner } }];
  }
}
