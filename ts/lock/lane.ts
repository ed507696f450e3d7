import { answer, type NativeLock, type NativeOutcome, type NativeVerb } from "../native";

/** More verbs than this in one crossing would keep the event loop, and those who wait for the database, for too long. */
const MAX_BATCH = 256;

/**
 * Carries verbs to the engine, those of one turn of the event loop together.
 *
 * A crossing costs more than a verb, and a statement or transaction more than a crossing; together they share both. A
 * batch waits for no company: it leaves when the turn ends, or, while another is under way, when that one comes back.
 * One under way at a time is the fastest, since the next grows meanwhile.
 */
export class Lane {
  private waiting = new Batch();
  private isLeaving = false;

  ask(lock: NativeLock, verb: NativeVerb, ttl: number): Promise<NativeOutcome> {
    return new Promise((resolve, reject) => {
      this.waiting.add(lock, verb, ttl, resolve, reject);
      if (!this.isLeaving) {
        this.isLeaving = true;
        // After the promise callbacks of this turn, which may have more to ask.
        process.nextTick(this.leave);
      }
    });
  }

  private readonly leave = (): void => {
    const batch = this.waiting.split(MAX_BATCH);
    let outcomes: NativeOutcome[] | Promise<NativeOutcome[]>;
    try {
      outcomes = batch.cross();
    } catch (error) {
      batch.fail(error);
      this.next();
      return;
    }
    if (Array.isArray(outcomes)) {
      batch.settle(outcomes);
      this.next();
      return;
    }
    outcomes.then(
      (late) => {
        // A full one does not wait for what this one will have asked for: the database works on it meanwhile.
        if (this.waiting.size >= MAX_BATCH) {
          this.leave();
          batch.settle(late);
        } else {
          batch.settle(late);
          this.next();
        }
      },
      (error: unknown) => {
        batch.fail(error);
        this.next();
      },
    );
  };

  private next(): void {
    this.isLeaving = this.waiting.size > 0;
    if (this.isLeaving) {
      process.nextTick(this.leave);
    }
  }
}

/** Verbs in the order they were asked, as the columns they cross in. */
class Batch {
  private locks: NativeLock[] = [];
  private verbs: NativeVerb[] = [];
  private ttls: number[] = [];
  private resolves: ((outcome: NativeOutcome) => void)[] = [];
  private rejects: ((error: unknown) => void)[] = [];

  get size(): number {
    return this.locks.length;
  }

  add(
    lock: NativeLock,
    verb: NativeVerb,
    ttl: number,
    resolve: (outcome: NativeOutcome) => void,
    reject: (error: unknown) => void,
  ): void {
    this.locks.push(lock);
    this.verbs.push(verb);
    this.ttls.push(ttl);
    this.resolves.push(resolve);
    this.rejects.push(reject);
  }

  /** Takes the first verbs out. */
  split(size: number): Batch {
    const first = new Batch();
    first.locks = this.locks.splice(0, size);
    first.verbs = this.verbs.splice(0, size);
    first.ttls = this.ttls.splice(0, size);
    first.resolves = this.resolves.splice(0, size);
    first.rejects = this.rejects.splice(0, size);
    return first;
  }

  cross(): NativeOutcome[] | Promise<NativeOutcome[]> {
    return answer(this.locks, this.verbs, this.ttls);
  }

  settle(outcomes: NativeOutcome[]): void {
    for (const [index, resolve] of this.resolves.entries()) {
      resolve(outcomes[index] as NativeOutcome);
    }
  }

  fail(error: unknown): void {
    for (const reject of this.rejects) {
      reject(error);
    }
  }
}
