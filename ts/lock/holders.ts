import { onAbort } from "../async/on-abort";
import { wait } from "../async/wait";
import type { LockLoss } from "./contracts/holding";

/** Somebody whose lock can be taken away. */
export interface Holder {
  /** Tells of the loss, and gives the lock back. It never rejects. */
  dispossess(loss: LockLoss): Promise<void>;
}

/** Who holds locks of a provider and has not come to the end: functions that run, and locks that are kept alive. */
export class Holders {
  private readonly stays = new Map<symbol, Holder>();
  private readonly leaving = new Set<() => void>();

  /** The function that is answered says that the holder has come to the end. */
  enter(holder: Holder): () => void {
    const stay = Symbol("stay");
    this.stays.set(stay, holder);
    return () => this.leave(stay);
  }

  /** As {@link enter}, until a signal is aborted. */
  enterUntil(ended: AbortSignal, holder: Holder): void {
    if (!ended.aborted) {
      onAbort(ended, this.enter(holder));
    }
  }

  /** Waits until all have left, or for as long as that, and then dispossesses those who have not. */
  async drain(milliseconds: number, loss: LockLoss): Promise<void> {
    if (this.stays.size > 0) {
      await this.emptiness(milliseconds);
    }
    const left = new Set(this.stays.values());
    await Promise.all(Array.from(left, (holder) => holder.dispossess(loss)));
  }

  private async emptiness(milliseconds: number): Promise<void> {
    const empty = new AbortController();
    const check = (): void => {
      if (this.stays.size === 0) {
        empty.abort();
      }
    };
    this.leaving.add(check);
    await wait(milliseconds, empty.signal).catch(() => undefined);
    this.leaving.delete(check);
  }

  private leave(stay: symbol): void {
    this.stays.delete(stay);
    for (const check of this.leaving) {
      check();
    }
  }
}
