import { randomUUID } from "node:crypto";
import { Kysely, SqliteDialect } from "kysely";
import { openLocks } from "../locks.mjs";
import { openFile, ttlMs } from "../sqlite-file.mjs";

export const name = "locks on Kysely and better-sqlite3";
export const backend = "sqlite";
export const role = "peer";

/** As lock packages on Kysely do it: an insert, an update where a row is in its way, and a delete. */
class KyselyLock {
  #database;
  #key;
  #owner = randomUUID();

  constructor(database, key) {
    this.#database = database;
    this.#key = key;
  }

  async acquire() {
    const now = Date.now();
    const lease = { owner: this.#owner, expiration: now + ttlMs };
    try {
      await this.#database
        .insertInto("lock")
        .values({ key: this.#key, ...lease })
        .execute();
      return true;
    } catch (error) {
      if (error.code !== "SQLITE_CONSTRAINT_PRIMARYKEY") {
        throw error;
      }
    }
    const { numUpdatedRows } = await this.#database
      .updateTable("lock")
      .set(lease)
      .where("key", "=", this.#key)
      .where("expiration", "<=", now)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async release() {
    const released = await this.#database
      .deleteFrom("lock")
      .where("key", "=", this.#key)
      .where("owner", "=", this.#owner)
      .returning("expiration")
      .executeTakeFirst();
    return released !== undefined && released.expiration > Date.now();
  }
}

export function open(keys, folder) {
  const database = new Kysely({ dialect: new SqliteDialect({ database: openFile(folder, "kysely.db") }) });
  return openLocks(
    keys,
    (key) => new KyselyLock(database, key),
    () => database.destroy(),
  );
}
