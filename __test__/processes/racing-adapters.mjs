// The adapters that processes race over, each by a name that a process can be told. One more is a line here.

import { MysqlLockAdapter, PostgresLockAdapter } from "holdfast";

/**
 * Opens an adapter on a table, over a connection of its own.
 *
 * @type {Record<string, (tableName: string) => import("holdfast").PostgresLockAdapter>}
 */
export const racingAdapters = {
  postgres: (tableName) =>
    new PostgresLockAdapter({ url: process.env.POSTGRES_URL, tableName, maxConnections: 1, listen: false }),
  pgbouncer: (tableName) =>
    new PostgresLockAdapter({
      url: process.env.PGBOUNCER_URL,
      tableName,
      maxConnections: 1,
      preparedStatements: false,
    }),
  mysql: (tableName) => new MysqlLockAdapter({ url: process.env.MYSQL_URL, tableName, maxConnections: 1 }),
};
