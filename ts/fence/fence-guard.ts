import { StaleFenceError } from "./stale-fence-error";

/** From this many resources on, the one that was written longest ago is forgotten. */
const DEFAULT_CAPACITY = 10_000;

/** Settings of {@link FenceGuard}. */
export interface FenceGuardSettings {
  /** How many resources are remembered at most; the one that was written longest ago goes first. Default 10,000. */
  capacity?: number | undefined;
}

/**
 * Refuses whoever comes with a fence below one that was seen before, for what cannot compare fences itself: a service that
 * owns a resource asks it before every write.
 *
 * It remembers in the memory of this process, so that the resource has to be written through this process alone. Where the
 * data is in a database, keep the fence beside it instead: see `guardKyselyUpdate` and its siblings.
 */
export class FenceGuard {
  private readonly highest = new Map<string, bigint>();
  private readonly capacity: number;

  /** Remembers nothing yet. */
  constructor(settings: FenceGuardSettings = {}) {
    this.capacity = settings.capacity ?? DEFAULT_CAPACITY;
  }

  /**
   * Lets a write through, and nobody with a lower fence after it.
   *
   * @param resource What is written.
   * @param fence That of the lock the writer holds; writes of one grant are all let through.
   * @throws StaleFenceError if a later grant has written: the writer was overtaken, and must not write.
   */
  admit(resource: string, fence: bigint): void {
    const highest = this.highest.get(resource) ?? 0n;
    if (fence < highest) {
      throw new StaleFenceError(resource, fence, highest);
    }
    // Behind all others: the order of a map is that of its insertions.
    this.highest.delete(resource);
    this.highest.set(resource, fence);
    for (const oldest of this.highest.keys()) {
      if (this.highest.size <= this.capacity) {
        return;
      }
      this.highest.delete(oldest);
    }
  }

  /** The highest fence that was let through; `null`: none, as far as is remembered. */
  highestOf(resource: string): bigint | null {
    return this.highest.get(resource) ?? null;
  }
}
