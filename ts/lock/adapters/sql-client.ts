/** The SQL that a server speaks. MariaDB speaks `"mysql"`, and CockroachDB `"postgres"`. */
export type SqlDialect = "postgres" | "mysql" | "sqlite";

/** What is bound to a placeholder. */
export type SqlParameter = string | number | null;

/** What came of a statement. */
export interface SqlResult {
  /** The values of each row, in the order of the statement's columns; empty if it returns none. */
  readonly rows: readonly (readonly unknown[])[];
  /** How many rows it inserted, updated or deleted; 0 for other statements. */
  readonly affectedRows: number;
  /** The number the database gave to the row it inserted; 0 if it gave none, or does not say. */
  readonly insertId: number;
}

/**
 * All that is needed of the database client of an application. Those of `pg`, `mysql2`, `better-sqlite3`, `node:sqlite`,
 * Kysely, Knex and Sequelize are known; any other can be used by an object that implements this.
 */
export interface SqlClient {
  /** What the server speaks. */
  readonly dialect: SqlDialect;
  /**
   * Whether every statement is run in one transaction of the application. Then none is run again that failed, and what
   * has expired is not deleted by itself. Default `false`.
   */
  readonly isTransaction?: boolean | undefined;

  /**
   * Runs one statement, and commits it at once unless the client is a transaction.
   *
   * Placeholders are `$1`, `$2`, … for PostgreSQL, where one may occur twice, and `?` for the others. They are to be
   * bound, not written into the text. An integer may come back as a number, as a bigint or as text.
   *
   * @returns what came of it; rejects with the error of the driver, whose `code` (and `errno`, of MySQL) tells a
   * deadlock from a missing table and a lost connection.
   */
  query(sql: string, parameters: readonly SqlParameter[]): PromiseLike<SqlResult>;
}
