import {
  adoptLockAdapter,
  adoptSqlClient,
  checkTtl,
  lockTableDefinition,
  makeAnswerNow,
  type NativeFailure,
  type NativeLockProvider,
  type NativeMongodbOptions,
  type NativeMongodbPlace,
  type NativePassword,
  type NativeRedisOptions,
  type NativeReply,
  type NativeRequest,
  type NativeSqlOptions,
  type NativeSqlReply,
  type NativeSqlServer,
  openLockProvider,
  openMongodbProvider,
  openMysql,
  openRedisProvider as openNativeRedisProvider,
  openPostgres,
} from "../binding";
import type { SqlClient, SqlParameter } from "./lock/adapters/sql-client";
import { driverErrorOf } from "./lock/clients/driver-error";
import { storedValue } from "./lock/clients/stored-value";
import {
  AmbiguousLockError,
  ClosedLockError,
  ConfigurationLockError,
  ConnectionLockError,
  DatabaseLockError,
  LockAdapterError,
} from "./lock/contracts/errors";
import { collect } from "./lock/thrown";
import { InvalidInputError } from "./utilities/errors";

export type {
  NativeHolder,
  NativeLock,
  NativeLockProvider,
  NativeMongodbOptions,
  NativeMongodbPlace,
  NativeNoticeBoard,
  NativeOutcome,
  NativePassword,
  NativeReply,
  NativeRequest,
} from "../binding";
export {
  answer,
  beat,
  giveUpWait,
  keep,
  letGo,
  makeAnswerBoard,
  makeNoticeBoard,
  NativeVerb,
  refreshed,
  waitFor,
} from "../binding";

/** Answers one verb at once, for locks of an immediate provider. */
export const answerNow = makeAnswerNow();

/** A ttl, as the verbs take it, of a lease that has no end. */
export const NO_END = Number.POSITIVE_INFINITY;

/** What the URL of an adapter leaves open. */
export interface NativeLockOptions {
  /** For adapters that have a table. */
  readonly tableName?: string | undefined;
  /** For adapters that have none. */
  readonly keyPrefix?: string | undefined;
}

/**
 * The provider over the adapter that a URL names. Nothing is connected to yet.
 *
 * @throws ConfigurationLockError if the URL or an option cannot be used.
 */
export function openProvider(url: string, { tableName, keyPrefix }: NativeLockOptions = {}): NativeLockProvider {
  return opened(openLockProvider(url, tableName, keyPrefix));
}

/** Where an SQL server is and how to talk to it. */
export type SqlServer = { readonly [Name in keyof NativeSqlServer]: NativeSqlServer[Name] | undefined };

/**
 * A provider over a PostgreSQL server. Nothing is connected to yet.
 *
 * @throws ConfigurationLockError if a setting cannot be used.
 */
export function openPostgresProvider(
  server: SqlServer,
  askPassword: (() => Promise<NativePassword>) | undefined,
): NativeLockProvider {
  return opened(openPostgres(server as NativeSqlServer, askPassword as () => Promise<NativePassword>));
}

/** The same over a MySQL or MariaDB server. */
export function openMysqlProvider(
  server: SqlServer,
  askPassword: (() => Promise<NativePassword>) | undefined,
): NativeLockProvider {
  return opened(openMysql(server as NativeSqlServer, askPassword as () => Promise<NativePassword>));
}
/**
 * A provider over Redis. Nothing is connected to yet.
 *
 * @throws ConfigurationLockError if an option cannot be used.
 */
export function openRedisProvider(options: RedisOptions): NativeLockProvider {
  return opened(openNativeRedisProvider(options as NativeRedisOptions));
}

/** {@link NativeRedisOptions}, where what is left out may also be undefined. */
export type RedisOptions = Loose<NativeRedisOptions>;

type Loose<T> = T extends readonly (infer Element)[]
  ? Loose<Element>[]
  : T extends object
    ? { [Name in keyof T]: Record<never, never> extends Pick<T, Name> ? Loose<T[Name]> | undefined : Loose<T[Name]> }
    : T;

/**
 * The provider over a collection of MongoDB. Nothing is connected to yet. Without a URL the engine asks for the place at
 * the first use, of a function that never rejects.
 *
 * @throws ConfigurationLockError if an option cannot be used.
 */
export function openMongodb(
  options: NativeMongodbOptions,
  locate: () => Promise<NativeMongodbPlace>,
): NativeLockProvider {
  return opened(openMongodbProvider(options, locate));
}

/** A provider that was opened, or the error it could not be opened for. */
function opened(provider: NativeLockProvider | NativeFailure): NativeLockProvider {
  if (isFailure(provider)) {
    throw errorOf(provider);
  }
  return provider;
}

/** A provider over an adapter written in JavaScript, which answers through this function and never rejects. */
export function adoptAdapter(answering: (requests: NativeRequest[]) => Promise<NativeReply[]>): NativeLockProvider {
  return adoptLockAdapter(answering);
}

/** The table of an adapter over SQL. */
export interface NativeTable {
  /** Default `"lock"`. */
  readonly tableName?: string | undefined;
  /** For PostgreSQL alone. */
  readonly schema?: string | undefined;
}

/**
 * A provider over the database client of an application.
 *
 * @throws ConfigurationLockError if the dialect or the table cannot be used.
 */
export function adoptClient(client: SqlClient, { tableName, schema }: NativeTable): NativeLockProvider {
  const { dialect, isTransaction } = client;
  const options = { tableName, schema, isTransaction } as NativeSqlOptions;
  return opened(adoptSqlClient(dialect, (sql, parameters) => reply(client, sql, parameters), options));
}

// A synchronous throw of the client is a rejection here like any other.
async function reply(client: SqlClient, sql: string, parameters: readonly SqlParameter[]): Promise<NativeSqlReply> {
  try {
    const { rows, affectedRows, insertId } = await client.query(sql, parameters);
    return { rows: rows.map((row) => row.map(storedValue)), affectedRows, insertId };
  } catch (error) {
    return { rows: [], affectedRows: 0, insertId: 0, failure: driverErrorOf(error) };
  }
}

/**
 * The statements that create what locks need in a database.
 *
 * @throws ConfigurationLockError if the dialect or the table cannot be used.
 */
export function tableDefinition(dialect: string, { tableName, schema }: NativeTable): string[] {
  const definition = lockTableDefinition(dialect, tableName, schema);
  if (!Array.isArray(definition)) {
    throw errorOf(definition);
  }
  return definition;
}

/** Throws unless a lease can last that long. */
export function refuseBadTtl(milliseconds: number): void {
  const failure = checkTtl(milliseconds);
  if (failure !== null) {
    throw errorOf(failure);
  }
}

/** Whether something that came out of the engine is a failure. */
export function isFailure(value: unknown): value is NativeFailure {
  return typeof value === "object" && value !== null && "kind" in value;
}

/** What to throw for a failure of the engine; if an adapter of the application threw, the very same thing. */
export function errorOf({ kind, message, cause: said, thrown }: NativeFailure): unknown {
  if (thrown !== undefined) {
    return collect(thrown);
  }
  const cause = said === undefined ? undefined : new Error(said);
  switch (kind) {
    case "invalid-input":
      return new InvalidInputError(message);
    case "configuration":
      return new ConfigurationLockError(message, cause);
    case "connection":
      return new ConnectionLockError(message, cause);
    case "ambiguous":
      return new AmbiguousLockError(message, cause);
    case "closed":
      return new ClosedLockError(message);
    case "adapter":
      return new LockAdapterError(message, cause);
    default:
      return new DatabaseLockError(message, cause);
  }
}
