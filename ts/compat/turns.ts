/** Gives back a turn; the next in line has it at once. Calling it again does nothing. */
export type Leave = () => void;

interface Waiter {
  start(leave: Leave): void;
}

/** Queues of one process, one for each key: one caller at a time, first come, first served. */
export class Turns {
  /** The waiters behind whoever has the turn; no entry if nobody has it. */
  private readonly lines = new Map<string, Waiter[]>();

  /** @returns how to give the turn back, or `null` if it did not come within that many milliseconds */
  take(key: string, milliseconds: number): Promise<Leave | null> {
    const line = this.lines.get(key);
    if (line === undefined) {
      this.lines.set(key, []);
      return Promise.resolve(this.leaver(key));
    }
    return new Promise((resolve) => {
      const waiter: Waiter = {
        start: (leave) => {
          clearTimeout(timer);
          resolve(leave);
        },
      };
      const giveUp = () => {
        line.splice(line.indexOf(waiter), 1);
        resolve(null);
      };
      const timer = milliseconds <= LONGEST_TIMER ? setTimeout(giveUp, milliseconds) : undefined;
      line.push(waiter);
    });
  }

  private leaver(key: string): Leave {
    let isOver = false;
    return () => {
      if (isOver) {
        return;
      }
      isOver = true;
      const next = this.lines.get(key)?.shift();
      if (next === undefined) {
        this.lines.delete(key);
      } else {
        next.start(this.leaver(key));
      }
    };
  }
}

/** A timer fires at once if it is asked to wait for longer: 24 days. */
export const LONGEST_TIMER = 2 ** 31 - 1;
