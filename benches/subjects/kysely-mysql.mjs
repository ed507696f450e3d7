import { Kysely, MysqlDialect } from "kysely";
import mysql from "mysql2";
import { openTable, ttlMs } from "../sql-tables.mjs";

export const name = "locks on Kysely and mysql2";
export const backends = ["mariadb"];
export const role = "peer";

export function open(keys, _folder, url) {
  const pool = mysql.createPool({ uri: url, connectionLimit: 10 });
  const database = new Kysely({ dialect: new MysqlDialect({ pool }) });
  return openTable(keys, {
    create: () =>
      database.schema
        .createTable("kysely_lock")
        .ifNotExists()
        .addColumn("key", "varchar(255)", (column) => column.primaryKey())
        .addColumn("owner", "varchar(255)", (column) => column.notNull())
        .addColumn("expiration", "bigint")
        .execute(),
    /** One statement where the key is free, and another where a lease is over: kinder than a serializable transaction. */
    acquire: async (key, owner) => {
      const lease = { owner, expiration: Date.now() + ttlMs };
      const { numInsertedOrUpdatedRows } = await database
        .insertInto("kysely_lock")
        .ignore()
        .values({ key, ...lease })
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows > 0n) {
        return true;
      }
      const { numUpdatedRows } = await database
        .updateTable("kysely_lock")
        .set(lease)
        .where("key", "=", key)
        .where("expiration", "<=", Date.now())
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    release: async (key, owner) => {
      const { numDeletedRows } = await database
        .deleteFrom("kysely_lock")
        .where("key", "=", key)
        .where("owner", "=", owner)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
    close: () => database.destroy(),
  });
}
