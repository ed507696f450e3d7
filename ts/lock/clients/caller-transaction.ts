import type { SqlClient } from "../adapters/sql-client";
import { ConfigurationLockError } from "../contracts/errors";

/** SQLSTATE, MySQL's name, and what SQLite says. */
const NO_TABLE = /^(42P01|ER_NO_SUCH_TABLE)$|no such table/;

/** What stands in a transaction's way if the table is not there. */
export function tableMissing(cause?: unknown): ConfigurationLockError {
  return new ConfigurationLockError(
    "The lock table is missing, and cannot be created in a transaction of the caller's: call init() of an adapter over " +
      "the client itself before",
    cause,
  );
}

/** Whether a statement defines something: MySQL commits what was done before, and other databases undo it with the rest. */
export function isDefinition(sql: string): boolean {
  return /^\s*(create|alter|drop)\b/i.test(sql);
}

/** A client that is inside a transaction of the caller's, where the table has to be there. */
export function insideTransaction({ dialect, query }: SqlClient): SqlClient {
  return {
    dialect,
    async query(sql, parameters) {
      if (isDefinition(sql)) {
        throw tableMissing();
      }
      try {
        return await query(sql, parameters);
      } catch (error) {
        throw isNoTable(error) ? tableMissing(error) : error;
      }
    },
  };
}

function isNoTable(error: unknown): boolean {
  const { code, message, original } = Object(error) as { code?: unknown; message?: unknown; original?: unknown };
  return (
    NO_TABLE.test(String(code)) || NO_TABLE.test(String(message)) || (original !== undefined && isNoTable(original))
  );
}
