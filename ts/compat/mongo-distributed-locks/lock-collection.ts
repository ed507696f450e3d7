import { type LockRecord, UNKNOWN_HOLDER } from "../lock-record";
import { Turns } from "../turns";
import type DLocks from ".";

// locks { _id, name, uid, created } as the replaced package makes it, with its two indexes: a unique one on `name`, and
// one on `created` by which the server removes what is two minutes old. A lock is over by that age even before the server
// comes to remove it, which it does once a minute; renewing a lock is setting `created` anew. All times are the server's.

/** After which the index of the replaced package removes a lock, in seconds. */
export const TTL_SECONDS = 120;
const DUPLICATE_KEY = 11000;
/** Two tries that both make the record: one of them finds the other's the next time. */
const TRIES = 5;

/** What is used of a collection of the MongoDB driver, or of Mongoose. */
export interface DriverCollection {
  /** Makes an index. */
  // biome-ignore lint/suspicious/noExplicitAny: overloads of every version have to fit
  createIndex(...args: any[]): Promise<unknown>;
  /** Finds a document. */
  // biome-ignore lint/suspicious/noExplicitAny: overloads of every version have to fit
  findOne(...args: any[]): Promise<any>;
  /** Changes a document and answers it. */
  // biome-ignore lint/suspicious/noExplicitAny: overloads of every version have to fit
  findOneAndUpdate(...args: any[]): Promise<any>;
  /** Removes a document. */
  // biome-ignore lint/suspicious/noExplicitAny: overloads of every version have to fit
  deleteOne(...args: any[]): Promise<any>;
}

/** Wherever the application reads from: a secondary may not know of a lock yet. */
const PRIMARY = { readPreference: "primary" } as const;
const MAJORITY = { writeConcern: { w: "majority" } } as const;

const NOT_OVER = { $gt: ["$created", { $subtract: ["$$NOW", TTL_SECONDS * 1000] }] };

/** The collection of locks of one connection. */
export class LockCollection {
  /** Who waits for which lock in this process. */
  readonly turns = new Turns();
  private readonly collection: DriverCollection;
  private prepared: Promise<void> | undefined;

  constructor(collection: DriverCollection) {
    this.collection = collection;
  }

  record(name: string): LockRecord {
    return {
      obtain: async (uid) => (await this.write(name, uid))?.uid === uid,
      holder: async () => {
        const found = await this.collection.findOne({ name, $expr: NOT_OVER }, { projection: { uid: 1 }, ...PRIMARY });
        return found === null ? null : String(found.uid ?? UNKNOWN_HOLDER);
      },
      renew: async (uid) => (await this.renew(name, uid)) !== null,
      release: async (uid) => {
        await this.remove(name, uid);
      },
    };
  }

  /** The stored lock, or `null` if it is not this owner's any more. */
  async find(name: string, uid: string): Promise<DLocks.LockDocument | null> {
    return await this.collection.findOne(
      { name, uid },
      { projection: { _id: 0, name: 1, uid: 1, created: 1 }, ...PRIMARY },
    );
  }

  /** `false` if the lock was not this owner's any more. */
  async remove(name: string, uid: string): Promise<boolean> {
    const { deletedCount } = await this.collection.deleteOne({ name, uid }, MAJORITY);
    return deletedCount > 0;
  }

  /** Takes the lock if it is free, and answers it as it is then; `null` if others make it at the same time. */
  private async write(name: string, uid: string): Promise<{ uid: string } | null> {
    await this.prepare();
    const unlessHeld = (value: unknown, kept: string) => ({ $cond: [NOT_OVER, kept, value] });
    const change = [{ $set: { uid: unlessHeld(uid, "$uid"), created: unlessHeld("$$NOW", "$created") } }];
    for (let tried = 1; tried <= TRIES; tried += 1) {
      try {
        return await this.change({ name }, change, { upsert: true });
      } catch (error) {
        if ((error as { code?: unknown } | null)?.code !== DUPLICATE_KEY) {
          throw error;
        }
      }
    }
    return null;
  }

  private renew(name: string, uid: string): Promise<unknown> {
    return this.change({ name, uid, $expr: NOT_OVER }, [{ $set: { created: "$$NOW" } }], {});
  }

  private async change(filter: object, change: object[], options: object) {
    // The driver below Mongoose 5 and 6 wraps the answer, whatever it is told.
    const answered = { returnDocument: "after", includeResultMetadata: false };
    const answer = await this.collection.findOneAndUpdate(filter, change, { ...answered, ...MAJORITY, ...options });
    return answer !== null && "lastErrorObject" in answer ? answer.value : answer;
  }

  /** Once for each process: the indexes without which the server would keep two locks of one name, or dead ones for ever. */
  private prepare(): Promise<void> {
    this.prepared ??= this.makeIndexes().catch((error) => {
      this.prepared = undefined;
      throw error;
    });
    return this.prepared;
  }

  private async makeIndexes(): Promise<void> {
    await this.collection.createIndex({ name: 1 }, { unique: true });
    await this.collection.createIndex({ created: 1 }, { expireAfterSeconds: TTL_SECONDS });
  }
}
