import type { SqlResult } from "../adapters/sql-client";
import { ConfigurationLockError } from "../contracts/errors";
import { isChange } from "./change";
import type { HandleClient } from "./handle-client";

/** What is used of a pool or a connection of `mysql2/promise`. */
export interface Mysql2PromiseHandle {
  /** Of a pool: lends a connection. */
  getConnection?: unknown;
  /** Runs a statement. */
  query(sql: string): Promise<unknown>;
  /** Runs a prepared statement. */
  execute(options: never, values: never): Promise<unknown>;
}

/** What is used of a pool or a connection of `mysql2`. */
export interface Mysql2CallbackHandle {
  /** The same pool or connection with promises. */
  promise(): unknown;
}

/** A flag of the protocol. */
const SERVER_STATUS_IN_TRANS = 1;

/** A client of `mysql2`. Prepared statements, because text that is written into a statement depends on the `sql_mode`. */
export function mysql2Client(handle: Mysql2PromiseHandle | Mysql2CallbackHandle): HandleClient {
  const promised = ("promise" in handle ? handle.promise() : handle) as Mysql2PromiseHandle;
  const isSingle = promised.getConnection === undefined;
  return {
    dialect: "mysql",
    isSingle,
    async query(sql, parameters) {
      if (isSingle && /^\s*(create|alter)\b/i.test(sql) && (await isInTransaction(promised))) {
        // MySQL would commit what was done before.
        throw new ConfigurationLockError(
          "The lock table is not created in a transaction; call init() of an adapter over the pool before",
        );
      }
      // Whatever the options of the connection say.
      const options = { sql, rowsAsArray: true, typeCast: true, supportBigNumbers: true };
      const [answer] = (await promised.execute(options as never, [...parameters] as never)) as [unknown];
      return mysqlResult(answer, sql);
    },
  };
}

/** The server says so with every answer. */
async function isInTransaction(connection: Mysql2PromiseHandle): Promise<boolean> {
  const [{ serverStatus }] = (await connection.query("DO 0")) as [{ serverStatus: number }];
  return (serverStatus & SERVER_STATUS_IN_TRANS) !== 0;
}

/** What `mysql2` answers: rows, or a header that counts. */
export function mysqlResult(answer: unknown, sql: string): SqlResult {
  if (!Array.isArray(answer)) {
    const { affectedRows, insertId } = answer as { affectedRows: number; insertId: number };
    return { rows: [], affectedRows, insertId };
  }
  return { rows: answer, affectedRows: isChange(sql) ? answer.length : 0, insertId: 0 };
}
