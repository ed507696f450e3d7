import type { LockProvider } from "../../../ts/lock";
import { AmbiguousLockError, ConnectionLockError } from "../../../ts/lock/contracts";
import { TimeSpan } from "../../../ts/utilities";

const ttl = TimeSpan.fromMinutes(10);

/** Acquires and releases some keys, one cycle after the other on each, and keeps account of what came of it. */
export class Load {
  /** Cycles that ended well. */
  cycles = 0;
  /** What is not allowed: any other error, or a fence that did not grow. */
  readonly faults: unknown[] = [];
  /** Keys that are left to somebody who was not told that he had them. */
  private readonly doubtful = new Map<string, string>();
  private readonly lastFences = new Map<string, bigint>();
  private readonly running: Promise<void>[];
  private isOver = false;

  constructor(
    private readonly provider: LockProvider,
    private readonly keys: readonly string[],
  ) {
    this.running = keys.map((key) => this.run(key));
  }

  /** Lets the cycles under way come to their end. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.running);
  }

  /** Keys that are held, though nobody was left in doubt about having them. */
  async orphans(): Promise<string[]> {
    const orphans: string[] = [];
    for (const key of this.keys) {
      if (!this.doubtful.has(key) && (await this.provider.create(key).isLocked())) {
        orphans.push(key);
      }
    }
    return orphans;
  }

  private async run(key: string): Promise<void> {
    while (!this.isOver) {
      const lock = this.provider.create(key, { ttl });
      try {
        const isMine = await lock.acquire();
        if (isMine) {
          this.account(key, lock.fence);
          await lock.release();
          this.cycles++;
        } else if (!this.doubtful.has(key)) {
          this.faults.push(new Error(`${key} was held by nobody`));
        } else {
          // Somebody who had no answer has it: whoever is in doubt looks, and gives it back.
          await lock.forceRelease();
        }
      } catch (error) {
        this.doubtful.set(key, lock.id);
        // Those an outage is allowed to have.
        if (!(error instanceof ConnectionLockError || error instanceof AmbiguousLockError)) {
          this.faults.push(error);
        }
      }
    }
  }

  private account(key: string, fence: bigint | null): void {
    const last = this.lastFences.get(key) ?? 0n;
    if (fence === null || fence <= last) {
      this.faults.push(new Error(`${key}: fence ${fence} after ${last}`));
    }
    this.lastFences.set(key, fence ?? last);
  }
}
