import { randomUUID } from "node:crypto";
import { join } from "node:path";
import {
  MemoryLockAdapter,
  MongodbLockAdapter,
  MysqlLockAdapter,
  PostgresLockAdapter,
  RedisLockAdapter,
  SqliteLockAdapter,
} from "../../ts/lock/adapters";
import { makeFolder } from "../processes/folder";

/** Any adapter of this package. */
export type BackendAdapter = InstanceType<(typeof CLASSES)[keyof typeof CLASSES]>;

/** A place for locks that one test has for itself, in words that another process understands. */
export interface Place {
  readonly adapter: keyof typeof CLASSES;
  readonly settings: Record<string, string | boolean>;
}

const CLASSES = {
  MemoryLockAdapter,
  MongodbLockAdapter,
  MysqlLockAdapter,
  PostgresLockAdapter,
  RedisLockAdapter,
  SqliteLockAdapter,
};

function server(variable: string): string {
  const url = process.env[variable];
  if (url === undefined) {
    throw new Error(`${variable} names no server; npm test provides one, or set it`);
  }
  return url;
}

const unique = () => `waiting_${randomUUID().replaceAll("-", "")}`;
const file = () => join(makeFolder(), "locks.db");

/** Where other processes have the same locks, and how to make a new place there. */
export const DATABASES: Record<string, () => Place> = {
  SQLite: () => ({ adapter: "SqliteLockAdapter", settings: { url: `sqlite:${file()}` } }),
  Redis: () => ({ adapter: "RedisLockAdapter", settings: { url: server("REDIS_URL"), keyPrefix: `${unique()}:` } }),
  PostgreSQL: () => ({
    adapter: "PostgresLockAdapter",
    settings: { url: server("POSTGRES_URL"), tableName: unique() },
  }),
  PgBouncer: () => ({
    adapter: "PostgresLockAdapter",
    settings: { url: server("PGBOUNCER_URL"), tableName: unique(), preparedStatements: false },
  }),
  MySQL: () => ({ adapter: "MysqlLockAdapter", settings: { url: server("MYSQL_URL"), tableName: unique() } }),
  MongoDB: () => ({
    adapter: "MongodbLockAdapter",
    settings: { url: server("MONGODB_URL"), collectionName: unique() },
  }),
};

/** All places there are. */
export const BACKENDS: Record<string, () => Place> = {
  memory: () => ({ adapter: "MemoryLockAdapter", settings: {} }),
  ...DATABASES,
};

export function openAt({ adapter, settings }: Place): BackendAdapter {
  return new CLASSES[adapter](settings as never);
}
