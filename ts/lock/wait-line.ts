import { onAbort } from "../async/on-abort";
import { LONGEST_TIMER, wait } from "../async/wait";
import { giveUpWait, isFailure, type NativeLock, type NativeOutcome, waitFor } from "../native";
import type { Promisable } from "../utilities/invokable";
import type { Keeping } from "./keeping";
import { hear, NOTICE_BOARD, unhear } from "./notice-board";

/** A wait for a key that is held. All times are in milliseconds. */
export interface WaitSettings {
  readonly lock: NativeLock;
  /** The key of the lock, with its namespace. */
  readonly key: string;
  /** As the engine takes it. */
  readonly ttl: number;
  /** How long to wait. */
  readonly time: number;
  /** The longest pause between two tries. */
  readonly interval: number;
  readonly signal: AbortSignal | undefined;
  /** Keeps the lease from the instant it is granted. */
  readonly keeping: Keeping | undefined;
  /** Called once an interval while waiting, with the number of intervals so far. */
  readonly stillWaiting: (intervals: number) => void;
  /** Called if a try is under way when the signal ends the wait, with what will come of it; zero: it was not granted. */
  readonly leaving: (attempt: Promise<number>) => void;
}

/** Those of this JavaScript context that wait for the keys of one adapter. The engine has them in the order they came. */
export class WaitLine {
  private readonly waiting = new Map<string, number>();
  /** First tries that are under way, until whoever made one waits, or need not; whether they are answered then. */
  private readonly tries = new Map<string, Promise<boolean>>();

  /** Whether anybody waits for a key. */
  isWaitedFor(key: string): boolean {
    return this.waiting.has(key);
  }

  /**
   * Tries for a key before waiting for it, unless others wait for it, or try: a thousand who come together ask once, and
   * whoever comes later comes behind. Zero: nothing was tried, and it is the right time to wait.
   */
  tryFirst(key: string, attempt: () => Promisable<number>): Promisable<number> {
    const before = this.tries.get(key);
    if (before !== undefined) {
      return before.then((isAnswered) => (isAnswered ? 0 : attempt()));
    }
    if (this.isWaitedFor(key)) {
      return 0;
    }
    const answer = attempt();
    if (typeof answer !== "number") {
      this.tries.set(key, this.settled(key, answer));
    }
    return answer;
  }

  /**
   * Waits. What is answered is what an acquire is answered, or `null` when the time is over and nothing is under way; a
   * rejection is the signal's reason. The process is kept alive meanwhile, as by any timer.
   */
  async wait(settings: WaitSettings): Promise<NativeOutcome> {
    this.count(settings.key, 1);
    try {
      return await new Wait(settings).outcome;
    } finally {
      this.count(settings.key, -1);
    }
  }

  private async settled(key: string, answer: PromiseLike<number>): Promise<boolean> {
    const isAnswered = await answer.then(
      () => true,
      () => false,
    );
    // In the next turn of the event loop, whoever tried has come to wait.
    await new Promise((resolve) => setImmediate(resolve));
    this.tries.delete(key);
    return isAnswered;
  }

  private count(key: string, change: 1 | -1): void {
    const count = (this.waiting.get(key) ?? 0) + change;
    if (count === 0) {
      this.waiting.delete(key);
    } else {
      this.waiting.set(key, count);
    }
  }
}

class Wait {
  readonly outcome: Promise<NativeOutcome>;
  private readonly over = new AbortController();
  private readonly ticket: number;
  private readonly id: number | undefined;
  private readonly forgetSignal: (() => void) | undefined;
  private resolve!: (outcome: NativeOutcome) => void;
  private reject!: (reason: unknown) => void;
  /** Takes a grant that comes after the end. */
  private concludeLate: ((fence: number) => void) | undefined;

  constructor(private readonly settings: WaitSettings) {
    const { lock, ttl, time, interval, signal, keeping } = settings;
    this.outcome = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.ticket = hear((outcome, standing) =>
      standing === undefined ? this.conclude(outcome as NativeOutcome) : keeping?.hear(standing),
    );
    const id = waitFor(lock, NOTICE_BOARD, this.ticket, ttl, interval, keeping?.settings);
    if (isFailure(id)) {
      this.conclude(id);
      return;
    }
    this.id = id;
    this.tick(interval);
    this.expire(performance.now() + time).catch(() => undefined);
    this.forgetSignal = signal && onAbort(signal, this.abort);
  }

  private readonly abort = (): void => {
    this.end();
    if (!this.isOver()) {
      this.settings.leaving(
        new Promise((resolve) => {
          this.concludeLate = resolve;
        }),
      );
    }
    this.reject(this.settings.signal?.reason);
  };

  private async expire(deadline: number): Promise<void> {
    // Timers fire early by fractions of a millisecond.
    for (let left = deadline - performance.now(); left > 0; left = deadline - performance.now()) {
      await wait(Math.ceil(left), this.over.signal);
    }
    // A try that is under way is the last: another beside it would be of the same owner, and a grant to one of them could
    // be taken for the other's.
    if (this.isOver()) {
      this.end();
      this.resolve(null);
    }
  }

  private conclude(outcome: NativeOutcome): void {
    const { keeping } = this.settings;
    const isGranted = typeof outcome === "number" && outcome > 0;
    if (isGranted && keeping !== undefined) {
      keeping.adopt(this.id, this.ticket);
    } else {
      unhear(this.ticket);
    }
    if (!this.over.signal.aborted) {
      this.end();
      this.resolve(outcome);
    } else {
      this.concludeLate?.(isGranted ? outcome : 0);
    }
  }

  /** `false`: the wait has an outcome, or will have one, which is heard. */
  private isOver(): boolean {
    const isOver = this.id !== undefined && giveUpWait(this.settings.lock, this.id);
    if (isOver) {
      unhear(this.ticket);
    }
    return isOver;
  }

  private end(): void {
    this.over.abort();
    this.forgetSignal?.();
  }

  private tick(interval: number): void {
    let intervals = 0;
    const timer = setInterval(
      () => {
        intervals += 1;
        this.settings.stillWaiting(intervals);
      },
      Math.min(Math.max(interval, 1), LONGEST_TIMER),
    );
    this.over.signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }
}
