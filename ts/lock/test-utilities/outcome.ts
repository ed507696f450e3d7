import {
  KeyAlreadyAcquiredLockError,
  LOCK_EVENTS,
  type LockError,
  type LockEventMap,
  UnownedRefreshLockError,
  UnownedReleaseLockError,
  UnrefreshableKeyLockError,
} from "../contracts";
import { type KeyState, type KeyStateName, LONG_TTL, REFRESHED_TTL } from "./key-state";

const {
  ACQUIRED,
  UNAVAILABLE,
  RELEASED,
  UNOWNED_RELEASE_TRY,
  FORCE_RELEASED,
  REFRESHED,
  UNOWNED_REFRESH_TRY,
  UNEXPIREABLE_KEY_REFRESH_TRY,
} = LOCK_EVENTS;

/** What a verb can come to: the event that tells of it, or `null` if none does. */
export type Outcome = Exclude<keyof LockEventMap, "UNEXPECTED_ERROR"> | null;

/** What can be done to a key. */
export type Verb = keyof typeof OUTCOMES;

/** What each verb comes to for a key in each state. Answers, errors, events and effects all follow from it. */
export const OUTCOMES = {
  acquire: {
    absent: ACQUIRED,
    mine: UNAVAILABLE,
    mineEndless: UNAVAILABLE,
    others: UNAVAILABLE,
    othersEndless: UNAVAILABLE,
    mineExpired: ACQUIRED,
    othersExpired: ACQUIRED,
  },
  release: {
    absent: UNOWNED_RELEASE_TRY,
    mine: RELEASED,
    mineEndless: RELEASED,
    others: UNOWNED_RELEASE_TRY,
    othersEndless: UNOWNED_RELEASE_TRY,
    mineExpired: UNOWNED_RELEASE_TRY,
    othersExpired: UNOWNED_RELEASE_TRY,
  },
  forceRelease: {
    absent: null,
    mine: FORCE_RELEASED,
    mineEndless: FORCE_RELEASED,
    others: FORCE_RELEASED,
    othersEndless: FORCE_RELEASED,
    mineExpired: null,
    othersExpired: null,
  },
  refresh: {
    absent: UNOWNED_REFRESH_TRY,
    mine: REFRESHED,
    mineEndless: UNEXPIREABLE_KEY_REFRESH_TRY,
    others: UNOWNED_REFRESH_TRY,
    othersEndless: UNOWNED_REFRESH_TRY,
    mineExpired: UNOWNED_REFRESH_TRY,
    othersExpired: UNOWNED_REFRESH_TRY,
  },
} as const satisfies Record<string, Record<KeyStateName, Outcome>>;

/** The verbs with their outcomes, for loops. */
export const EVERY_VERB = Object.entries(OUTCOMES) as [Verb, Record<KeyStateName, Outcome>][];

/** Whether the verb did what it was asked for. */
export function isSuccess(outcome: Outcome): boolean {
  return outcome === ACQUIRED || outcome === RELEASED || outcome === FORCE_RELEASED || outcome === REFRESHED;
}

/** The error that tells of a refusal, with its stable code; `undefined`: no method throws for it. */
export function refusalOf(outcome: Outcome): { type: new (message: string) => LockError; code: string } | undefined {
  switch (outcome) {
    case UNAVAILABLE:
      return { type: KeyAlreadyAcquiredLockError, code: "LOCK_KEY_ALREADY_ACQUIRED" };
    case UNOWNED_RELEASE_TRY:
      return { type: UnownedReleaseLockError, code: "LOCK_UNOWNED_RELEASE" };
    case UNOWNED_REFRESH_TRY:
      return { type: UnownedRefreshLockError, code: "LOCK_UNOWNED_REFRESH" };
    case UNEXPIREABLE_KEY_REFRESH_TRY:
      return { type: UnrefreshableKeyLockError, code: "LOCK_UNREFRESHABLE_KEY" };
    default:
      return undefined;
  }
}

/** How much longer a lease lasts, as coarse as a pause of the machine demands. */
export type Duration = "long" | "refreshed" | "endless";

/** Who holds a key, and how much longer; `null`: nobody. */
export type Holding = { owner: "asker" | "rival"; lasts: Duration } | null;

/** Who holds the key after a verb, if an acquire is for {@link LONG_TTL} and a refresh for {@link REFRESHED_TTL}. */
export function holdingAfter(outcome: Outcome, state: KeyState): Holding {
  switch (outcome) {
    case ACQUIRED:
      return { owner: "asker", lasts: "long" };
    case REFRESHED:
      return { owner: "asker", lasts: "refreshed" };
    case RELEASED:
    case FORCE_RELEASED:
      return null;
    default:
      return holdingIn(state);
  }
}

/** Who holds a key in a state. */
export function holdingIn({ holder, ttl, isOver }: KeyState): Holding {
  return holder === null || isOver ? null : { owner: holder, lasts: ttl === null ? "endless" : "long" };
}

/** What is left of a lease, in milliseconds or `null` for no end, as a {@link Duration}. */
export function durationOf(milliseconds: number | null): Duration {
  if (milliseconds === null) {
    return "endless";
  }
  return milliseconds > (LONG_TTL.toMilliseconds() + REFRESHED_TTL.toMilliseconds()) / 2 ? "refreshed" : "long";
}

/** For the names of tests. */
export function describeHolding(holding: Holding): string {
  if (holding === null) {
    return "free";
  }
  const { owner, lasts } = holding;
  const end = { long: "with its ttl", refreshed: "with the new ttl", endless: "without an end" }[lasts];
  return `held by the ${owner} ${end}`;
}
