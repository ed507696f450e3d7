import type { SqlClient, SqlDialect, SqlResult } from "../adapters/sql-client";
import { ConfigurationLockError } from "../contracts/errors";
import { counted, countedResult } from "./change";
import { mysqlResult } from "./mysql2-client";
import type { PgResult } from "./pg-client";
import { rewritePlaceholders } from "./placeholders";
import { inTurn } from "./turns";

/** What is used of a `Knex` or a `Knex.Transaction`. */
export interface KnexHandle {
  /** Whether it is a transaction. */
  readonly isTransaction?: boolean;
  /** What it speaks through. */
  readonly client: unknown;
  /** Builds a statement from text. */
  raw(sql: string, bindings: never): unknown;
}

/** A statement of Knex. */
interface KnexRaw extends PromiseLike<unknown> {
  options(options: object): KnexRaw;
}

/** What Knex calls the dialects. */
const DIALECTS: Readonly<Record<string, SqlDialect>> = {
  postgresql: "postgres",
  pgnative: "postgres",
  cockroachdb: "postgres",
  mysql: "mysql",
  mysql2: "mysql",
  sqlite3: "sqlite",
};

/**
 * A client of Knex.
 *
 * @throws ConfigurationLockError if it is none, or speaks to another kind of database.
 */
export function knexClient(handle: KnexHandle): SqlClient {
  const dialect = dialectOf(handle);
  return {
    dialect,
    isTransaction: handle.isTransaction === true,
    async query(text, values) {
      const { sql, parameters } = rewritePlaceholders(text, values, () => "?");
      const statement = dialect === "sqlite" ? counted(sql) : sql;
      const run = () => (handle.raw(statement, parameters as never) as KnexRaw).options(ROWS[dialect]);
      return result(dialect, text, await (handle.isTransaction === true ? inTurn(handle, run) : run()));
    },
  };
}

/** How the drivers below are asked for rows as arrays. */
const ROWS: Readonly<Record<SqlDialect, object>> = {
  postgres: { rowMode: "array" },
  mysql: { rowsAsArray: true, typeCast: true, supportBigNumbers: true },
  sqlite: {},
};

function result(dialect: SqlDialect, sql: string, answer: unknown): SqlResult {
  switch (dialect) {
    case "postgres": {
      const { rows, rowCount, command } = answer as PgResult;
      return { rows, affectedRows: command === "SELECT" ? 0 : (rowCount ?? 0), insertId: 0 };
    }
    case "mysql":
      return mysqlResult((answer as [unknown])[0], sql);
    default:
      return countedResult(sql, Array.isArray(answer) ? answer : []);
  }
}

function dialectOf(handle: unknown): SqlDialect {
  const { client, raw } = Object(handle) as { client?: { dialect?: unknown }; raw?: unknown };
  if (typeof raw !== "function" || typeof client !== "object") {
    throw new ConfigurationLockError("The knex is none; pass a Knex, or a transaction of one");
  }
  const dialect = DIALECTS[String(client.dialect)];
  if (dialect === undefined) {
    throw new ConfigurationLockError(
      `The database of the Knex, "${client.dialect}", is none of PostgreSQL, MySQL and SQLite; pass one that is`,
    );
  }
  return dialect;
}
