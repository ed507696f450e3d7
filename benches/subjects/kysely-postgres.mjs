import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { openTable, ttlMs } from "../sql-tables.mjs";

export const name = "locks on Kysely and pg";
export const backends = ["postgres", "postgres-asynchronous"];
export const role = "peer";

export function open(keys, _folder, url) {
  const pool = new pg.Pool({ connectionString: url });
  // Its connections may still be closing when the server stops.
  pool.on("error", () => undefined);
  const database = new Kysely({ dialect: new PostgresDialect({ pool }) });
  return openTable(keys, {
    create: () =>
      database.schema
        .createTable("kysely_lock")
        .ifNotExists()
        .addColumn("key", "varchar(255)", (column) => column.primaryKey())
        .addColumn("owner", "varchar(255)", (column) => column.notNull())
        .addColumn("expiration", "bigint")
        .execute(),
    /**
     * One statement. Lock packages on Kysely read and write in a serializable transaction, which is slower, and which
     * PostgreSQL aborts when there are many at once.
     */
    acquire: async (key, owner) => {
      const lease = { owner, expiration: Date.now() + ttlMs };
      const { numInsertedOrUpdatedRows } = await database
        .insertInto("kysely_lock")
        .values({ key, ...lease })
        .onConflict((conflict) =>
          conflict.column("key").doUpdateSet(lease).where("kysely_lock.expiration", "<=", Date.now()),
        )
        .executeTakeFirst();
      return numInsertedOrUpdatedRows > 0n;
    },
    release: async (key, owner) => {
      const released = await database
        .deleteFrom("kysely_lock")
        .where("key", "=", key)
        .where("owner", "=", owner)
        .returning("expiration")
        .executeTakeFirst();
      return released !== undefined && Number(released.expiration) > Date.now();
    },
    close: () => database.destroy(),
  });
}
