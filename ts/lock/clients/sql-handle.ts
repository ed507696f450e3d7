import type { SqlClient } from "../adapters/sql-client";
import { ConfigurationLockError } from "../contracts/errors";
import type { HandleClient } from "./handle-client";
import { type Mysql2CallbackHandle, type Mysql2PromiseHandle, mysql2Client } from "./mysql2-client";
import { type PgHandle, pgClient } from "./pg-client";
import { type SqliteHandle, sqliteClient } from "./sqlite-client";

/** A handle of a database that `SqlLockAdapter` knows what to do with. */
export type SqlHandle = SqlClient | PgHandle | Mysql2PromiseHandle | Mysql2CallbackHandle | SqliteHandle;

/**
 * The client of a handle, which is recognized by the methods it has.
 *
 * @throws ConfigurationLockError if it is none that is known.
 */
export function clientOf(handle: unknown): HandleClient {
  if (has<SqlClient & PgHandle>(handle, ["query"])) {
    if (typeof handle.dialect === "string") {
      return checked(handle);
    }
    if (has<Mysql2PromiseHandle>(handle, ["execute"])) {
      return mysql2Client(handle);
    }
    if (has(handle, ["connect"])) {
      return pgClient(handle);
    }
  }
  if (has<SqliteHandle>(handle, ["prepare", "exec"])) {
    return sqliteClient(handle);
  }
  throw new ConfigurationLockError(`The client of a SqlLockAdapter is none that is known; ${advice(handle)}`);
}

function checked(client: SqlClient): SqlClient {
  if (!["postgres", "mysql", "sqlite"].includes(client.dialect)) {
    throw new ConfigurationLockError(
      `The dialect of a SqlClient cannot be "${client.dialect}"; use "postgres", "mysql" or "sqlite"`,
    );
  }
  return client;
}

function advice(handle: unknown): string {
  if (has(handle, ["executeQuery"])) {
    return "pass a Kysely to KyselyLockAdapter";
  }
  if (has(handle, ["raw"])) {
    return "pass a Knex to KnexLockAdapter";
  }
  if (has(handle, ["getDialect"])) {
    return "pass a Sequelize to SequelizeLockAdapter";
  }
  return "pass one of pg, mysql2, better-sqlite3 or node:sqlite, or an object that implements SqlClient";
}

function has<Handle = object>(value: unknown, methods: readonly string[]): value is Handle {
  const handle = Object(value) as Record<string, unknown>;
  return handle === value && methods.every((method) => typeof handle[method] === "function");
}
