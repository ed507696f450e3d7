import { MongoClient } from "mongodb";
import { openTable, ttlMs } from "../sql-tables.mjs";

export const name = "mongodb, two commands";
export const backend = "mongodb";
export const role = "floor";

/** As a lock of its users is: no grant that a fail-over takes back. */
const writeConcern = { w: "majority" };

export function open(keys, _folder, url) {
  const client = new MongoClient(url);
  const locks = client.db("test").collection("mongodb_lock", { writeConcern });
  return openTable(keys, {
    create: () => client.connect(),
    acquire: async (key, owner) => {
      const { acknowledged } = await locks.insertOne({ _id: key, owner, expiration: Date.now() + ttlMs });
      return acknowledged;
    },
    release: async (key, owner) => (await locks.deleteOne({ _id: key, owner })).deletedCount === 1,
    close: () => client.close(),
  });
}
