import { faultOf } from "./dialect";

/** A member of a batch. */
export interface Member {
  readonly mutex: string;
  readonly owner: string;
  /** In seconds. Members of one batch have the same. */
  readonly ttl: number;
}

interface Waiting {
  readonly member: Member;
  resolve(isDone: boolean): void;
  reject(error: unknown): void;
}

/** Of one lane, so that a batch that has to wait for others does not stop all that come after it. */
const BATCHES_UNDER_WAY = 4;
const LARGEST_BATCH = 500;

/** Makes one statement of what is asked for in the same turn of the event loop, or while others are under way. */
export class Lane {
  private waiting: Waiting[] = [];
  private underWay = 0;
  private isScheduled = false;
  /** Answers the owners it was done for. */
  private readonly perform: (members: readonly Member[]) => Promise<ReadonlySet<unknown>>;

  constructor(perform: (members: readonly Member[]) => Promise<ReadonlySet<unknown>>) {
    this.perform = perform;
  }

  /** Whether it was done for this member. */
  add(member: Member): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ member, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (!this.isScheduled) {
      this.isScheduled = true;
      setImmediate(() => {
        this.isScheduled = false;
        this.start();
      });
    }
  }

  private start(): void {
    while (this.waiting.length > 0 && this.underWay < BATCHES_UNDER_WAY) {
      this.underWay += 1;
      void this.run(this.nextBatch()).finally(() => {
        this.underWay -= 1;
        this.schedule();
      });
    }
  }

  /** In an order that is the same in every process, so that no two batches wait for each other. A mutex occurs once. */
  private nextBatch(): Waiting[] {
    const batch = new Map<string, Waiting>();
    const ttl = this.waiting[0]?.member.ttl;
    this.waiting = this.waiting.filter((waiting) => {
      const { member } = waiting;
      const fits = member.ttl === ttl && batch.size < LARGEST_BATCH && !batch.has(member.mutex);
      if (fits) {
        batch.set(member.mutex, waiting);
      }
      return !fits;
    });
    return [...batch.values()].sort((one, other) => (one.member.mutex < other.member.mutex ? -1 : 1));
  }

  private async run(batch: readonly Waiting[]): Promise<void> {
    try {
      const done = await this.perform(batch.map(({ member }) => member));
      for (const { member, resolve } of batch) {
        resolve(done.has(member.owner));
      }
    } catch (error) {
      if (batch.length > 1 && isOfOneMember(error)) {
        await Promise.all(batch.map((waiting) => this.run([waiting])));
        return;
      }
      for (const { reject } of batch) {
        reject(error);
      }
    }
  }
}

/** A name that the database cannot store, such as one with letters its encoding does not have. SQLSTATE class 22. */
function isOfOneMember(error: unknown): boolean {
  return faultOf(error).code.startsWith("22");
}
