// Compiled and never run: the handles of every library are taken as its own declarations describe them.

import Sqlite from "better-sqlite3";
import type { Knex } from "knex";
import type { Kysely, Transaction as KyselyTransaction } from "kysely";
import type mysql from "mysql2";
import type mysqlPromise from "mysql2/promise";
import type pg from "pg";
import type { Sequelize, Transaction } from "sequelize";
import {
  KnexLockAdapter,
  KyselyLockAdapter,
  SequelizeLockAdapter,
  type SqlClient,
  SqlLockAdapter,
} from "../../ts/lock/adapters";
import { TimeSpan } from "../../ts/utilities";

interface Database {
  person: { id: number; name: string };
}

export function pgHandles(pool: pg.Pool, client: pg.Client, pooled: pg.PoolClient): void {
  new SqlLockAdapter({ client: pool, tableName: "lock", schema: "locks" });
  new SqlLockAdapter({ client });
  new SqlLockAdapter({ client: pooled });
}

export function mysqlHandles(pool: mysql.Pool, connection: mysql.Connection, pooled: mysql.PoolConnection): void {
  new SqlLockAdapter({ client: pool });
  new SqlLockAdapter({ client: connection });
  new SqlLockAdapter({ client: pooled });
}

export function mysqlPromiseHandles(
  pool: mysqlPromise.Pool,
  connection: mysqlPromise.Connection,
  pooled: mysqlPromise.PoolConnection,
): void {
  new SqlLockAdapter({ client: pool });
  new SqlLockAdapter({ client: connection });
  new SqlLockAdapter({ client: pooled });
}

export function sqliteHandles(): void {
  new SqlLockAdapter({ client: new Sqlite(":memory:") });
}

export function kyselyHandles(kysely: Kysely<Database>, transaction: KyselyTransaction<Database>): void {
  const expiredKeysRemovalInterval = TimeSpan.fromMinutes(5);
  new KyselyLockAdapter({
    kysely,
    expiredKeysRemovalInterval,
    shouldRemoveExpiredKeys: true,
    enableTransactions: true,
  });
  new KyselyLockAdapter({ kysely: transaction });
}

export function knexHandles(knex: Knex, transaction: Knex.Transaction): void {
  new KnexLockAdapter({ knex });
  new KnexLockAdapter({ knex: transaction, tableName: "lock" });
}

export function sequelizeHandles(sequelize: Sequelize, transaction: Transaction): void {
  new SequelizeLockAdapter({ sequelize });
  new SequelizeLockAdapter({ sequelize, transaction, tableName: "lock" });
}

export function otherHandles(query: SqlClient["query"]): void {
  new SqlLockAdapter({ client: { dialect: "postgres", query } });
  // @ts-expect-error: not a dialect.
  new SqlLockAdapter({ client: { dialect: "oracle", query } });
  // @ts-expect-error: not a Kysely.
  new KyselyLockAdapter({ kysely: { query } });
}
