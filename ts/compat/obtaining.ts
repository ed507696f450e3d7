import { setTimeout as sleep } from "node:timers/promises";
import { type LockRecord, UNKNOWN_HOLDER } from "./lock-record";
import { within } from "./within";

/** How long to wait for a lock, and how. */
export interface Patience {
  /** On the monotonic clock, in milliseconds. One try is made even if it has passed. */
  deadline: number;
  /** Between two looks at a lock that is held, in milliseconds. */
  longestPause: number;
  /** Whether not to wait for a holder. Default `false`. */
  isToSkip?: boolean;
}

/** What a lock was obtained with, or who was in the way. */
export type Obtained = { readonly askedAt: number } | { readonly holder: string | null };

/** Between two looks, in milliseconds. */
const SHORTEST_PAUSE = 4;
const LONGEST_PAUSE = 50;
/** Looks are as rare as makes a hand-over cost no more than this share of the time the holder has held the lock. */
const PAUSE_SHARE = 1 / 20;
/** A statement that is under way at the deadline may take this much longer, in milliseconds. */
const GRACE = 5_000;

/** Tries to obtain a lock until a deadline. While it is held, the database is only looked at, never written to. */
export async function obtain(record: LockRecord, owner: string, patience: Patience): Promise<Obtained> {
  let seen: string | null = null;
  let seenSince = 0;
  for (;;) {
    const askedAt = performance.now();
    const answer = await attempt(record, owner, patience.deadline);
    if (answer === true) {
      return { askedAt };
    }
    let holder = answer === undefined ? UNKNOWN_HOLDER : await look(record, patience.deadline);
    for (;;) {
      const now = performance.now();
      if (now >= patience.deadline || (patience.isToSkip && holder !== null && holder !== UNKNOWN_HOLDER)) {
        return { holder };
      }
      if (holder === null) {
        // Released between the try and the look. Never twice in a row without a pause.
        await sleep(1);
        break;
      }
      if (holder !== seen) {
        seen = holder;
        seenSince = now;
      }
      const pause = Math.min(Math.max((now - seenSince) * PAUSE_SHARE, SHORTEST_PAUSE), LONGEST_PAUSE);
      const jitter = 0.5 + Math.random();
      await sleep(Math.max(Math.min(pause * jitter, patience.longestPause, patience.deadline - now), 1));
      holder = await look(record, patience.deadline);
    }
  }
}

/** `undefined` if no answer came in time. A lock that is granted later, or perhaps without an answer, is given back. */
async function attempt(record: LockRecord, owner: string, deadline: number): Promise<boolean | undefined> {
  const asked = record.obtain(owner);
  try {
    const answer = await inTime(asked, deadline);
    if (answer === undefined) {
      asked.then((isGranted) => (isGranted ? record.release(owner) : undefined)).catch(() => undefined);
    }
    return answer;
  } catch (error) {
    // It may have been granted before the answer was lost.
    record.release(owner).catch(() => undefined);
    throw error;
  }
}

async function look(record: LockRecord, deadline: number): Promise<string | null> {
  const holder = await inTime(record.holder(), deadline);
  return holder === undefined ? UNKNOWN_HOLDER : holder;
}

/** The answer, or `undefined` if none came until a deadline, or shortly after. */
function inTime<T>(answer: Promise<T>, deadline: number): Promise<T | undefined> {
  return within(answer, Math.max(deadline - performance.now(), GRACE));
}
