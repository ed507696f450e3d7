import type { Collection } from "mongodb";

interface Lease {
  key: string;
  owner: string;
  expiration: Date | null;
}

/**
 * Locks on the same documents as programs make them that know no fences and go by their own clock: an acquire is an upsert
 * that takes what is missing or over, and a release deletes.
 */
export class OtherProgram {
  constructor(
    private readonly collection: Collection<Lease>,
    private readonly now: () => number = Date.now,
  ) {}

  async acquire(key: string, owner: string, ttl: number | null): Promise<boolean> {
    const now = new Date(this.now());
    const isOver = { $and: [{ $ne: ["$expiration", null] }, { $lte: ["$expiration", now] }] };
    const expiration = ttl === null ? null : new Date(this.now() + ttl);
    const lease = await this.collection.findOneAndUpdate(
      { key },
      [
        {
          $set: {
            owner: { $cond: [isOver, owner, { $ifNull: ["$owner", owner] }] },
            expiration: { $cond: [isOver, expiration, { $ifNull: ["$expiration", expiration] }] },
          },
        },
      ],
      { upsert: true, returnDocument: "after" },
    );
    return lease?.owner === owner;
  }

  async release(key: string, owner: string): Promise<boolean> {
    const isLive = { $or: [{ expiration: null }, { expiration: { $gt: new Date(this.now()) } }] };
    const { deletedCount } = await this.collection.deleteOne({ key, owner, ...isLive });
    return deletedCount > 0;
  }
}
