import type { NativeLock, NativeOutcome, NativeVerb } from "../native";
import { cross } from "./answer-board";

/** How much a database is asked at the same time. */
export interface Pace {
  /** The most verbs in a batch. */
  readonly batchSize: number;
  /** The most batches under way. */
  readonly mostUnderWay: number;
}

/**
 * Carries verbs to the engine, those of one turn of the event loop together.
 *
 * A crossing costs more than a verb, and a statement or transaction more than a crossing; together they share both. A
 * batch waits for no company while none is under way: it leaves when the turn ends. Others grow meanwhile, and leave when
 * they are full, as far as the pace allows, or when all that were under way have come back.
 */
export class Lane {
  private waiting = new Batch();
  private underWay = 0;
  private isLeaving = false;
  private readonly pace: Pace;

  constructor({ batchSize, mostUnderWay }: Pace) {
    // Copied: it may be an object of the engine's, and each look at it a crossing.
    this.pace = { batchSize, mostUnderWay };
  }

  ask(lock: NativeLock, verb: NativeVerb, argument: number): Promise<NativeOutcome> {
    return new Promise((resolve, reject) => {
      this.waiting.add(lock, verb, argument, resolve, reject);
      this.leaveSoon();
    });
  }

  private leaveSoon(): void {
    if (!this.isLeaving && this.mayLeave()) {
      this.isLeaving = true;
      // After the promise callbacks of this turn, which may have more to ask.
      process.nextTick(this.leave);
    }
  }

  private mayLeave(): boolean {
    const { batchSize, mostUnderWay } = this.pace;
    return this.waiting.size >= batchSize ? this.underWay < mostUnderWay : this.waiting.size > 0 && this.underWay === 0;
  }

  private readonly leave = (): void => {
    this.isLeaving = false;
    while (this.mayLeave()) {
      this.send(this.waiting.split(this.pace.batchSize));
    }
  };

  private send(batch: Batch): void {
    this.underWay += 1;
    try {
      batch.cross((outcomes) => this.arrive(batch, outcomes));
    } catch (error) {
      this.underWay -= 1;
      batch.fail(error);
    }
  }

  private arrive(batch: Batch, outcomes: NativeOutcome[]): void {
    this.underWay -= 1;
    // A full one does not wait for what this one will have asked for: the database works on it meanwhile.
    if (this.waiting.size >= this.pace.batchSize) {
      this.leave();
    }
    batch.settle(outcomes);
    this.leaveSoon();
  }
}

/** Verbs in the order they were asked, as the columns they cross in. */
class Batch {
  private locks: NativeLock[] = [];
  private verbs: NativeVerb[] = [];
  private args: number[] = [];
  private resolves: ((outcome: NativeOutcome) => void)[] = [];
  private rejects: ((error: unknown) => void)[] = [];

  get size(): number {
    return this.locks.length;
  }

  add(
    lock: NativeLock,
    verb: NativeVerb,
    argument: number,
    resolve: (outcome: NativeOutcome) => void,
    reject: (error: unknown) => void,
  ): void {
    this.locks.push(lock);
    this.verbs.push(verb);
    this.args.push(argument);
    this.resolves.push(resolve);
    this.rejects.push(reject);
  }

  /** Takes the first verbs out. */
  split(size: number): Batch {
    const first = new Batch();
    first.locks = this.locks.splice(0, size);
    first.verbs = this.verbs.splice(0, size);
    first.args = this.args.splice(0, size);
    first.resolves = this.resolves.splice(0, size);
    first.rejects = this.rejects.splice(0, size);
    return first;
  }

  cross(hear: (outcomes: NativeOutcome[]) => void): void {
    cross(this.locks, this.verbs, this.args, hear);
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
