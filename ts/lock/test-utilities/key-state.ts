import { TimeSpan } from "../../utilities";
import { until } from "./patience";

/** The owners of the suites: who asks, who competes, and who is only there to see whether a key is free. */
export const OWNERS = { asker: "asker", rival: "rival", stranger: "stranger" } as const;

/** Over before anybody looks twice. */
export const SHORT_TTL = TimeSpan.fromMilliseconds(5);

/** Not over before the test is, however long the machine pauses. */
export const LONG_TTL = TimeSpan.fromMinutes(10);

/** Told apart from {@link LONG_TTL} by the remaining time, even after a long pause. */
export const REFRESHED_TTL = TimeSpan.fromMinutes(60);

/** A state a key can be in when somebody asks for it. */
export interface KeyState {
  /** For the names of tests. */
  readonly description: string;
  /** Who was granted the key last; `null`: nobody ever was. */
  readonly holder: "asker" | "rival" | null;
  /** How long that lease lasts; `null`: it has no end. */
  readonly ttl: TimeSpan | null;
  /** Whether the lease is over when the test begins. */
  readonly isOver: boolean;
}

/** Every state that a verb can meet. */
export const KEY_STATES = {
  absent: { description: "a key that nobody ever held", holder: null, ttl: null, isOver: true },
  mine: { description: "a key that the asker holds with a ttl", holder: "asker", ttl: LONG_TTL, isOver: false },
  mineEndless: {
    description: "a key that the asker holds without an end",
    holder: "asker",
    ttl: null,
    isOver: false,
  },
  others: { description: "a key that another holds with a ttl", holder: "rival", ttl: LONG_TTL, isOver: false },
  othersEndless: {
    description: "a key that another holds without an end",
    holder: "rival",
    ttl: null,
    isOver: false,
  },
  mineExpired: {
    description: "a key that the asker held until it expired",
    holder: "asker",
    ttl: SHORT_TTL,
    isOver: true,
  },
  othersExpired: {
    description: "a key that another held until it expired",
    holder: "rival",
    ttl: SHORT_TTL,
    isOver: true,
  },
} as const satisfies Record<string, KeyState>;

/** A name of {@link KEY_STATES}. */
export type KeyStateName = keyof typeof KEY_STATES;

/** The names with their states, for loops. */
export const EVERY_KEY_STATE = Object.entries(KEY_STATES) as [KeyStateName, KeyState][];

/** Puts a key into a state. */
export async function bringAbout(
  { holder, ttl, isOver }: KeyState,
  acquire: (owner: "asker" | "rival", ttl: TimeSpan | null) => PromiseLike<boolean>,
  isFree: () => PromiseLike<boolean>,
): Promise<void> {
  if (holder === null) {
    return;
  }
  if (!(await acquire(holder, ttl))) {
    throw new Error("A key that nobody ever held was refused, so the test could not be set up");
  }
  if (isOver) {
    await until(isFree, "a lease of a few milliseconds was over");
  }
}
