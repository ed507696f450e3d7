import { onAbort } from "../async/on-abort";
import type { NativeHolder } from "../native";
import type { Promisable } from "../utilities/invokable";

/** The first pause in milliseconds; it doubles. */
const FIRST_PAUSE = 100;
/** In milliseconds; by then most leases are over, and a database that is still away is another matter. */
const PATIENCE = 60_000;

/** What a {@link Doubt} asks. */
export interface DoubtQuestions {
  readonly owner: string;
  readonly look: () => Promisable<NativeHolder | null>;
  readonly giveBack: (fence: number) => Promisable<unknown>;
}

/**
 * A grant that may have been made, because an acquire was sent and could not be settled. Its caller was told that it
 * failed, so it is given back as soon as the database tells; unless the same lock is asked for again before.
 */
export class Doubt {
  private readonly over = new AbortController();

  constructor(private readonly questions: DoubtQuestions) {
    void this.settle();
  }

  /** Nothing is given back any more: whoever asks again wants it. */
  end(): void {
    this.over.abort();
  }

  /** The fence of the grant; zero: there is none. */
  async fence(): Promise<number> {
    const holder = await this.questions.look();
    return holder?.owner === this.questions.owner ? holder.fence : 0;
  }

  private async settle(): Promise<void> {
    const begun = performance.now();
    for (let pause = FIRST_PAUSE; performance.now() - begun < PATIENCE; pause *= 2) {
      await this.pause(pause);
      if (this.over.signal.aborted) {
        return;
      }
      try {
        const fence = await this.fence();
        if (fence > 0 && !this.over.signal.aborted) {
          await this.questions.giveBack(fence);
        }
        return;
      } catch {
        // It is still away.
      }
    }
  }

  /** Keeps no process alive: a lease that is left behind ends with its ttl. */
  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref();
      onAbort(this.over.signal, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
