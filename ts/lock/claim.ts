import { type NativeHolder, type NativeLock, NativeVerb } from "../native";
import type { Promisable } from "../utilities/invokable";
import type { NamespacedKey } from "../utilities/namespace";
import type { ITimeSpan, TimeSpan } from "../utilities/time-span";
import { BlockingAttempt, type BlockingTime } from "./blocking-attempt";
import { AmbiguousLockError } from "./contracts/errors";
import type { LockLoss } from "./contracts/holding";
import { Doubt } from "./doubt";
import { Hold } from "./hold";
import type { Holder } from "./holders";
import type { CheckedKeepAlive } from "./keep-alive";
import { Keeping } from "./keeping";
import { Lease } from "./lease";
import type { LockContext } from "./lock-context";
import { LockReports } from "./lock-reports";
import { type CheckedTtl, checkTtl } from "./ttl";

// Looked up once: through the module they would be looked up for every verb, which in memory is a tenth of its time.
const { Acquire, Release, ForceRelease, Refresh } = NativeVerb;

/** What a {@link Claim} is made of. */
export interface ClaimParts {
  readonly context: LockContext;
  readonly handle: NativeLock;
  readonly key: NamespacedKey;
  readonly owner: string;
  readonly ttl: CheckedTtl;
  /** `undefined`: leases are not kept. */
  readonly keepAlive: CheckedKeepAlive | undefined;
  /** The fence of a grant that was made to the same owner elsewhere; zero: none. */
  readonly fence: number;
}

/**
 * What a lock wants and has: the verbs on one key for one owner, at once and without laziness, with the events they cause
 * and the memory of the last grant.
 */
export class Claim implements Holder {
  /** The key, without its namespace. */
  readonly key: string;
  readonly segments: readonly string[];
  readonly owner: string;
  readonly ttl: CheckedTtl;
  readonly context: LockContext;
  readonly handle: NativeLock;
  /** The key with its namespace. */
  readonly storedKey: string;
  private readonly keepAlive: CheckedKeepAlive | undefined;
  private readonly lease: Lease;
  readonly reports: LockReports;
  /** Whether it matters when a verb was asked. */
  private readonly isTimed: boolean;
  /** The last acquire may have been granted. */
  private doubt: Doubt | undefined = undefined;
  /**
   * Until the tries that nobody waits for any more are over, and undone. Nothing is tried before: after an outage either
   * try could be settled by the grant of the other, and it would be undone.
   */
  leaving: Promise<void> | undefined = undefined;

  constructor({ context, handle, key, owner, ttl, keepAlive, fence }: ClaimParts) {
    this.key = key.resolved;
    this.segments = key.segments;
    this.storedKey = key.namespaced;
    this.owner = owner;
    this.ttl = ttl;
    this.context = context;
    this.handle = handle;
    this.keepAlive = keepAlive;
    this.lease = new Lease(fence);
    this.reports = new LockReports(context, this.key, owner, ttl);
    this.isTimed = keepAlive !== undefined || !context.engine.isImmediate;
  }

  /** The fence of the last grant; zero before the first and after a release. */
  get fence(): number {
    return this.lease.fence;
  }

  /** Tries once and reports a refusal. */
  acquire(): Promisable<boolean> {
    this.context.refuseIfClosed();
    return this.isSettled
      ? this.ask(Acquire, this.ttl.milliseconds, this.concludeAcquire)
      : this.attemptUnsettled().then(this.reportRefusal);
  }

  /** Tries once: a positive number if granted, else minus the milliseconds until the holder's lease ends, if known. */
  attempt(): Promisable<number> {
    this.context.refuseIfClosed();
    return this.isSettled ? this.ask(Acquire, this.ttl.milliseconds, this.concludeAttempt) : this.attemptUnsettled();
  }

  /** Whether no try of before may still be granted. */
  private get isSettled(): boolean {
    return this.doubt === undefined && this.leaving === undefined;
  }

  /** Tries, and then waits for as long as that. `false`: the time is over. Rejects with the reason of the signal. */
  acquireInTime(blocking: BlockingTime): Promise<boolean> {
    return new BlockingAttempt(this, blocking).outcome();
  }

  /** Of the grant that this object knows of, if it does: what the owner was granted since is not given back. */
  release(): Promisable<boolean> {
    this.doubt?.end();
    this.doubt = undefined;
    const { fence, keeping } = this.lease;
    if (keeping === undefined) {
      return this.ask(Release, fence, this.concludeRelease);
    }
    return this.releaseKept(fence, keeping);
  }

  private async releaseKept(fence: number, keeping: Keeping): Promise<boolean> {
    // A provider that is closed meanwhile waits for the end of it.
    const leave = this.context.holders.enter(this);
    try {
      await keeping.end();
      return await this.ask(Release, fence, this.concludeRelease);
    } catch (error) {
      this.lease.abandon();
      throw error;
    } finally {
      leave();
    }
  }

  forceRelease(): Promisable<boolean> {
    return this.ask(ForceRelease, 0, this.concludeForceRelease);
  }

  /** Positive: refreshed; zero: unowned; negative: without an end. */
  refresh(ttl: ITimeSpan = this.context.defaultRefreshTime): Promisable<number> {
    const checked = checkTtl(ttl);
    return this.ask(Refresh, checked.milliseconds, (answer, asked) => {
      if (answer > 0) {
        this.remember(checked, asked);
        this.lease.refreshed(checked.milliseconds, asked);
      }
      this.reports.refreshed(answer, checked);
      return answer;
    });
  }

  async look(): Promise<NativeHolder | null> {
    try {
      return await this.context.engine.look(this.handle);
    } catch (error) {
      throw this.failed(error);
    }
  }

  /** How much longer a holder holds; `null`: without an end. */
  remainingTime(holder: NativeHolder): TimeSpan | null {
    return this.lease.remainingTime(holder, holder.owner === this.owner);
  }

  /** Says that the lock is lost, and gives it back. */
  async dispossess(loss: LockLoss): Promise<void> {
    const { fence, keeping } = this.lease;
    this.watch()?.lose(loss);
    await keeping?.end();
    await this.giveBack(fence);
  }

  /** The hold of the last grant; `undefined`: there is none, or it was released. */
  watch(): Hold | undefined {
    return this.lease.watch(this.reports.event(), () => (this.context.engine.isImmediate ? this.leftNow() : undefined));
  }

  /** In milliseconds, by an engine that answers at once. */
  private leftNow(): number {
    const holder = this.context.engine.look(this.handle) as NativeHolder | null;
    return holder?.fence === this.fence ? (holder.remaining ?? Number.POSITIVE_INFINITY) : 0;
  }

  // Not through async functions: in memory the answer is there at once, and two more turns would be half of the time.
  private ask<T>(verb: NativeVerb, argument: number, conclude: (answer: number, asked: number) => T): Promisable<T> {
    const asked = this.isTimed ? performance.now() : 0;
    let answer: Promisable<number>;
    try {
      answer = this.context.engine.ask(this.handle, verb, argument);
    } catch (error) {
      throw this.failed(error, verb);
    }
    return typeof answer === "number"
      ? conclude.call(this, answer, asked)
      : answer.then(
          (late) => conclude.call(this, late, asked),
          (error: unknown) => {
            throw this.failed(error, verb);
          },
        );
  }

  /** As an attempt, when the one before may have been granted: then what it was granted is what this one is. */
  private async attemptUnsettled(): Promise<number> {
    await this.leaving;
    const { doubt } = this;
    doubt?.end();
    const answer = await this.ask(Acquire, this.ttl.milliseconds, this.concludeAttempt);
    if (answer > 0 || doubt === undefined) {
      return answer;
    }
    const asked = performance.now();
    try {
      const fence = await doubt.fence();
      const isGranted = fence > 0 && (await this.context.engine.confirm(this.storedKey, this.owner, fence));
      return isGranted ? this.concludeAttempt(fence, asked) : answer;
    } catch (error) {
      this.doubt = doubt;
      throw this.failed(error, Acquire);
    }
  }

  /** Nobody waits any more for a try that is under way: what it is granted is given back. */
  leave(attempt: PromiseLike<number>, keeping?: Keeping): void {
    const undone = attempt.then((fence) => (fence > 0 ? this.undo(fence, keeping) : undefined));
    const leaving = Promise.allSettled([this.leaving, undone]).then(() => {
      if (this.leaving === leaving) {
        this.leaving = undefined;
      }
    });
    this.leaving = leaving;
  }

  /** Gives back a grant that nobody wants any more. */
  private undo(fence: number, keeping?: Keeping): Promise<void> {
    void keeping?.end();
    this.lease.end();
    return this.giveBack(fence);
  }

  /** Never rejects. If it fails, the lease ends with its ttl. */
  private async giveBack(fence: number): Promise<void> {
    try {
      await this.context.engine.ask(this.handle, Release, fence);
    } catch {
      // Nobody is there who could do anything about it.
    }
  }

  private concludeAttempt(answer: number, asked: number): number {
    this.doubt = undefined;
    if (answer <= 0) {
      return answer;
    }
    // A connection broke, and what was found afterwards is the grant that this lock has already.
    if (answer === this.fence) {
      return 0;
    }
    if (this.context.closing.aborted) {
      void this.undo(answer);
      this.context.refuseIfClosed();
    }
    const keeping = this.prepareKeeping();
    if (keeping !== undefined) {
      const age = performance.now() - asked;
      if (age >= this.ttl.milliseconds) {
        // It took so long to arrive that it is over: there is nothing to keep.
        void this.undo(answer, keeping);
        return 0;
      }
      keeping.begin(answer, this.ttl.milliseconds, age);
    }
    this.hold(answer, keeping, asked);
    return answer;
  }

  concludeWait(answer: number, keeping: Keeping | undefined): boolean {
    if (answer > 0) {
      this.hold(answer, keeping, performance.now());
    }
    return answer > 0;
  }

  private hold(fence: number, keeping: Keeping | undefined, asked: number): void {
    this.lease.begin(fence, keeping);
    this.remember(this.ttl, asked);
    if (keeping !== undefined) {
      this.context.holders.enterUntil(keeping.hold.ended, this);
    }
    this.reports.acquired(fence);
  }

  /** `undefined`: leases of this lock are not kept. */
  prepareKeeping(): Keeping | undefined {
    if (this.keepAlive === undefined) {
      return undefined;
    }
    const hold = new Hold({
      key: this.key,
      owner: this.owner,
      lost: (reason, fence) => this.reports.lost(reason, fence),
    });
    return new Keeping(this.handle, this.keepAlive, hold);
  }

  private concludeAcquire(answer: number, asked: number): boolean {
    return this.reportRefusal(this.concludeAttempt(answer, asked));
  }

  private readonly reportRefusal = (answer: number): boolean => {
    if (answer <= 0) {
      this.reports.unavailable();
    }
    return answer > 0;
  };

  private concludeRelease(answer: number): boolean {
    this.lease.end();
    this.reports.released(answer > 0);
    return answer > 0;
  }

  private concludeForceRelease(answer: number): boolean {
    this.lease.end();
    this.reports.forceReleased(answer > 0);
    return answer > 0;
  }

  // An immediate engine knows the remaining time as well as the lease could.
  private remember({ milliseconds }: CheckedTtl, asked: number): void {
    if (!this.context.engine.isImmediate) {
      this.lease.lasts(milliseconds, asked);
    }
  }

  failed(error: unknown, verb?: NativeVerb): unknown {
    const isOpen = error instanceof AmbiguousLockError || this.doubt !== undefined;
    if (verb === Acquire && isOpen && this.fence === 0) {
      this.doubt?.end();
      this.doubt = new Doubt({
        owner: this.owner,
        look: () => this.context.engine.look(this.handle),
        giveBack: (fence) => this.giveBack(fence),
      });
    }
    this.reports.failed(error);
    return error;
  }
}
