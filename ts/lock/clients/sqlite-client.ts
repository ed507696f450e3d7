import type { SqlClient, SqlParameter } from "../adapters/sql-client";
import { counted, countedResult } from "./change";

/** What is used of a `Database` of `better-sqlite3` or a `DatabaseSync` of `node:sqlite`. */
export interface SqliteHandle {
  /** Compiles a statement. */
  prepare(sql: string): SqliteStatement;
}

/** What is used of its statements. */
export interface SqliteStatement {
  /** Of `better-sqlite3`: whether the statement returns rows. */
  readonly reader?: boolean;
  /** Runs it, and answers its rows. */
  all(...parameters: SqlParameter[]): unknown[];
  /** Runs it. */
  run(...parameters: SqlParameter[]): unknown;
}

/** A compiled statement costs more than running it; the statements of an adapter differ in the size of a batch alone. */
const MOST_STATEMENTS = 100;

/** A client of `better-sqlite3` or `node:sqlite`: both run in the calling thread. */
export function sqliteClient(handle: SqliteHandle): SqlClient {
  const statements = new Map<string, SqliteStatement>();

  function prepared(sql: string): SqliteStatement {
    const known = statements.get(sql);
    if (known !== undefined) {
      return known;
    }
    if (statements.size >= MOST_STATEMENTS) {
      statements.clear();
    }
    const statement = handle.prepare(sql);
    statements.set(sql, statement);
    return statement;
  }

  return {
    dialect: "sqlite",
    async query(sql, parameters) {
      const statement = prepared(counted(sql));
      // node:sqlite answers no rows for statements that have none, and better-sqlite3 refuses to ask.
      if (statement.reader === false) {
        statement.run(...parameters);
        return countedResult(sql, []);
      }
      return countedResult(sql, statement.all(...parameters));
    },
  };
}
