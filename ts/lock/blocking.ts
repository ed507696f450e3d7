import { wait } from "../async/wait";

/** What {@link tryUntil} needs to know. All times are in milliseconds. */
export interface BlockingTry {
  readonly time: number;
  readonly interval: number;
  /** Tries once: a positive number if granted, else minus the time until the holder's lease ends, as far as known. */
  readonly attempt: () => PromiseLike<number> | number;
  /** Called at the first refusal and, while waiting, once an interval. */
  readonly refused: () => void;
}

/**
 * Tries at once, then whenever the interval or the holder's lease is over, and a last time when the time is. `false`: the
 * last try was refused.
 */
export async function tryUntil({ time, interval, attempt, refused }: BlockingTry): Promise<boolean> {
  const deadline = performance.now() + time;
  let nextReport = Number.NEGATIVE_INFINITY;
  for (;;) {
    const asked = performance.now();
    const isFirst = nextReport === Number.NEGATIVE_INFINITY;
    const isLast = asked >= deadline;
    const answer = await attempt();
    if (answer > 0) {
      return true;
    }
    // The last try comes because the time is over, not because an interval is. By when it was asked: however slow the
    // answers are, there is one report if the interval is as long as the time.
    if (isFirst || (!isLast && asked >= nextReport)) {
      refused();
      nextReport = asked + interval;
    }
    if (isLast) {
      return false;
    }
    const holderEnds = answer < 0 ? -answer : interval;
    const sleep = Math.min(interval, holderEnds, deadline - performance.now());
    // Timers cut fractions off, and a sleep of nothing would be a busy loop.
    await wait(Math.max(Math.ceil(sleep), 1));
  }
}
