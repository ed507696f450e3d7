import type { NativeHolder } from "../native";
import { TimeSpan } from "../utilities/time-span";
import { Hold } from "./hold";
import type { Keeping } from "./keeping";

/** In milliseconds: by how much two accounts of one lease may differ because an answer takes its time. */
const LATENCY = 100;

/** What a lock knows of its last grant. */
export class Lease {
  /** The fence of the grant; zero before the first and after a release. */
  fence: number;
  /** Its renewal; `undefined`: it is not renewed. */
  keeping: Keeping | undefined = undefined;
  /** When it was asked for and when it was answered, on the clock of `performance.now`. */
  private asked = 0;
  private answered = 0;
  /** How long it lasts, in milliseconds; zero if none was granted here. */
  private milliseconds = 0;
  /** Made when somebody asks for it. */
  private hold: Hold | undefined = undefined;

  /** @param fence Of a grant that was made to the same owner elsewhere; zero: none. */
  constructor(fence: number) {
    this.fence = fence;
  }

  /** A grant was made. */
  begin(fence: number, keeping: Keeping | undefined): void {
    this.fence = fence;
    this.keeping = keeping;
    this.hold = keeping?.hold;
    if (keeping !== undefined) {
      keeping.hold.fence = fence;
    }
  }

  /** It was granted or prolonged to last that long, from between when that was asked for and now. */
  lasts(milliseconds: number, asked: number): void {
    this.asked = asked;
    this.answered = performance.now();
    this.milliseconds = milliseconds;
  }

  /** It was prolonged, or shortened, by a refresh. */
  refreshed(milliseconds: number, asked: number): void {
    if (this.keeping !== undefined) {
      this.keeping.refreshed(milliseconds, performance.now() - asked);
    } else {
      this.hold?.loseAfter(milliseconds - (performance.now() - asked));
    }
  }

  /**
   * The hold; `undefined`: there is no grant, or it was released.
   *
   * @param left In milliseconds, until it is over, by who knows better; `undefined`: nobody does.
   */
  watch(subject: { readonly key: string; readonly owner: string }, left: () => number | undefined): Hold | undefined {
    if (this.hold === undefined && this.fence > 0) {
      this.hold = new Hold(subject);
      this.hold.loseAfter(left() ?? this.left());
    }
    return this.hold;
  }

  /**
   * How much longer a holder holds; `null`: without an end. Of its own lease a lock knows better than an answer that took
   * its time: right after it was acquired, the whole ttl is left. But another object of the same owner may have refreshed
   * it since, and then only the store knows. A fence of zero comes from a store that keeps none.
   */
  remainingTime({ remaining, fence }: NativeHolder, isOwn: boolean): TimeSpan | null {
    if (remaining === undefined) {
      return null;
    }
    const isKnown = this.milliseconds > 0 && isOwn && (fence === this.fence || fence === 0);
    const known = this.milliseconds - (performance.now() - this.answered);
    const left = isKnown && Math.abs(known - remaining) < LATENCY ? known : remaining;
    return TimeSpan.fromMilliseconds(Math.max(Math.ceil(left), 0));
  }

  /** Nobody renews it any more; a release of it has failed. What is left of it is what was granted at first. */
  abandon(): void {
    this.keeping = undefined;
    this.hold = undefined;
  }

  /** It was given back. */
  end(): void {
    this.fence = 0;
    this.milliseconds = 0;
    void this.keeping?.end();
    this.keeping = undefined;
    this.hold?.end();
    this.hold = undefined;
  }

  /** At least, in milliseconds. Of a grant that was made elsewhere, nothing is known. */
  private left(): number {
    return this.milliseconds === 0 ? Number.POSITIVE_INFINITY : this.milliseconds - (performance.now() - this.asked);
  }
}
