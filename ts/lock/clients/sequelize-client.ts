import type { SqlClient, SqlDialect, SqlResult } from "../adapters/sql-client";
import { ConfigurationLockError } from "../contracts/errors";
import { counted, countedResult, isChange } from "./change";
import { rewritePlaceholders } from "./placeholders";
import { inTurn } from "./turns";

/** What is used of a `Sequelize`. */
export interface SequelizeHandle {
  /** The name of what it speaks. */
  getDialect(): string;
  /** Runs a statement. */
  query(sql: string, options: never): Promise<unknown>;
}

/** A transaction of the same `Sequelize`; it is only handed on. */
export interface SequelizeTransaction {
  /** Ends it. */
  commit(): Promise<unknown>;
}

/** What Sequelize calls the dialects. */
const DIALECTS: Readonly<Record<string, SqlDialect>> = {
  postgres: "postgres",
  mysql: "mysql",
  mariadb: "mysql",
  sqlite: "sqlite",
};

/**
 * A client of Sequelize. Outside of a transaction that is named it takes part in none, not in one of
 * continuation-local storage either.
 *
 * @throws ConfigurationLockError if it is none, or speaks to another kind of database.
 */
export function sequelizeClient(handle: SequelizeHandle, transaction?: SequelizeTransaction | null): SqlClient {
  const dialect = dialectOf(handle);
  const fixed = {
    // For SQLite a query, since of other statements the rows are dropped.
    type: dialect === "sqlite" ? "SELECT" : "RAW",
    raw: true,
    nest: false,
    plain: false,
    logging: false,
    benchmark: false,
    useMaster: true,
    supportsSearchPath: false,
    transaction: transaction ?? null,
  };
  return {
    dialect,
    isTransaction: Boolean(transaction),
    async query(text, values) {
      const { sql, parameters } = rewritePlaceholders(text, values, (position) => `$${position}`);
      const statement = dialect === "sqlite" ? counted(sql) : sql;
      const options = parameters.length === 0 ? fixed : { ...fixed, bind: parameters };
      // The comment keeps Sequelize from taking it for an insert of its own, and answering something else.
      const run = () => handle.query(`/* holdfast */ ${statement}`, options as never);
      return result(dialect, text, await (transaction ? inTurn(transaction, run) : run()));
    },
  };
}

function result(dialect: SqlDialect, sql: string, answer: unknown): SqlResult {
  if (dialect === "sqlite") {
    return countedResult(sql, Array.isArray(answer) ? answer : []);
  }
  const [data, metadata] = answer as [unknown, { rowCount?: number }?];
  if (Array.isArray(data)) {
    const rows = data.map((row) => Object.values(row as object));
    return { rows, affectedRows: isChange(sql) ? (metadata?.rowCount ?? rows.length) : 0, insertId: 0 };
  }
  const { affectedRows, insertId } = Object(data) as { affectedRows?: number; insertId?: number };
  return { rows: [], affectedRows: affectedRows ?? 0, insertId: Number(insertId ?? 0) };
}

function dialectOf(handle: unknown): SqlDialect {
  const sequelize = Object(handle) as Partial<SequelizeHandle>;
  if (typeof sequelize.getDialect !== "function" || typeof sequelize.query !== "function") {
    throw new ConfigurationLockError("The sequelize is none; pass a Sequelize");
  }
  const dialect = DIALECTS[sequelize.getDialect()];
  if (dialect === undefined) {
    throw new ConfigurationLockError(
      `The database of the Sequelize, "${sequelize.getDialect()}", is none of PostgreSQL, MySQL and SQLite; pass one that is`,
    );
  }
  return dialect;
}
