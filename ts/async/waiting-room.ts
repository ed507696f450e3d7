import { CapacityFullAsyncError } from "./async-errors";
import { LONGEST_TIMER } from "./wait";

/**
 * Lets a limited number of visitors in at a time, the others in the order they came.
 *
 * @internal
 */
export class WaitingRoom {
  private readonly places: number;
  private readonly seats: number;
  private readonly interval: number;
  private readonly waiting = new Set<() => void>();
  private inside = 0;
  private nextEntry = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined = undefined;

  /**
   * @param places How many may be inside.
   * @param seats How many may wait.
   * @param interval Milliseconds that must pass between two entries.
   */
  constructor(places: number, seats: number, interval: number) {
    this.places = places;
    this.seats = seats;
    this.interval = interval;
  }

  /**
   * Resolves when there is a place, to the function that gives it back, which must be called once.
   *
   * @throws CapacityFullAsyncError if all seats are taken, and the signal's reason if that is aborted before.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.waiting.size >= this.seats && !this.isOpen()) {
      throw new CapacityFullAsyncError(`All ${this.places} places are taken and ${this.seats} more are waiting`);
    }
    await this.turn(signal);
    return () => {
      this.inside -= 1;
      this.admit();
    };
  }

  private isOpen(): boolean {
    return this.waiting.size === 0 && this.inside < this.places && this.nextEntry <= performance.now();
  }

  private turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        this.waiting.delete(enter);
        this.admit();
        reject(signal.reason);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.waiting.add(enter);
      this.admit();
    });
  }

  private admit(): void {
    // Set again only if somebody waits for it: a timer of nobody would keep the process alive.
    clearTimeout(this.timer);
    for (const enter of this.waiting) {
      const now = performance.now();
      if (this.inside >= this.places) {
        return;
      }
      if (this.nextEntry > now) {
        this.timer = setTimeout(() => this.admit(), Math.min(LONGEST_TIMER, this.nextEntry - now));
        return;
      }
      this.waiting.delete(enter);
      this.inside += 1;
      this.nextEntry = now + this.interval;
      enter();
    }
  }
}
