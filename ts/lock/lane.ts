import type { NativeLock, NativeOutcome, NativeVerb } from "../native";
import { cross } from "./answer-board";

/** How much a database is asked at the same time. */
export interface Pace {
  /** The most verbs in a batch. */
  readonly batchSize: number;
  /** The most batches under way. */
  readonly mostUnderWay: number;
}

/** So many verbs are worth a batch of their own, beside others that are under way. */
const WORTHWHILE = 32;

/**
 * Carries verbs to the engine, those of one turn of the event loop together.
 *
 * A crossing costs more than a verb, and a statement or transaction more than a crossing; together they share both. A
 * batch waits for no company while none is under way: it leaves when the turn ends. Others grow meanwhile, and leave when
 * they are worth it, as far as the pace allows, or when all that were under way have come back. Those that may leave share
 * what waits, so that one is on its way while the database is at another.
 *
 * Verbs on one key take effect in the order they were asked.
 */
export class Lane {
  private waiting = new Batch();
  private underWay = 0;
  private readonly keysUnderWay = new Set<string>();
  private isLeaving = false;
  private readonly pace: Pace;
  /** So many need not wait for more. */
  private readonly enough: number;

  /** @param keyOf the key of a lock, unless the database itself keeps the order of batches that share keys */
  constructor(
    { batchSize, mostUnderWay }: Pace,
    private readonly keyOf?: (lock: NativeLock) => string,
  ) {
    // Copied: it may be an object of the engine's, and each look at it a crossing.
    this.pace = { batchSize, mostUnderWay };
    this.enough = mostUnderWay > 1 ? WORTHWHILE : batchSize;
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
    if (this.underWay === 0) {
      return this.waiting.size > 0;
    }
    return this.underWay < this.pace.mostUnderWay && this.waiting.size >= this.enough;
  }

  private readonly leave = (): void => {
    this.isLeaving = false;
    while (this.mayLeave()) {
      const size = this.nextSize();
      const keys = this.nextKeys(size);
      if (keys.some((key) => this.keysUnderWay.has(key))) {
        break;
      }
      this.send(this.waiting.split(size), keys);
    }
  };

  /** A share of what waits, or all if too little would be left to leave too. */
  private nextSize(): number {
    const { batchSize, mostUnderWay } = this.pace;
    const share = Math.max(Math.ceil(this.waiting.size / (mostUnderWay - this.underWay)), this.enough);
    return Math.min(this.waiting.size - share < this.enough ? this.waiting.size : share, batchSize);
  }

  /** The keys of the first verbs, which no other batch under way may have; none where the database keeps the order. */
  private nextKeys(size: number): string[] {
    return this.keyOf === undefined ? [] : this.waiting.locks.slice(0, size).map(this.keyOf);
  }

  private send(batch: Batch, keys: string[]): void {
    this.underWay += 1;
    for (const key of keys) {
      this.keysUnderWay.add(key);
    }
    try {
      batch.cross((outcomes) => this.arrive(batch, keys, outcomes));
    } catch (error) {
      this.letGo(keys);
      batch.fail(error);
    }
  }

  private arrive(batch: Batch, keys: string[], outcomes: NativeOutcome[]): void {
    this.letGo(keys);
    // They do not wait for what this one will have asked for: the database works on it meanwhile.
    if (this.waiting.size >= this.enough) {
      this.leave();
    }
    batch.settle(outcomes);
    this.leaveSoon();
  }

  private letGo(keys: string[]): void {
    this.underWay -= 1;
    for (const key of keys) {
      this.keysUnderWay.delete(key);
    }
  }
}

/** Verbs in the order they were asked, as the columns they cross in. */
class Batch {
  locks: NativeLock[] = [];
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
