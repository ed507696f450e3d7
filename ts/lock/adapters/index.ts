export type { KnexHandle } from "../clients/knex-client";
export type { KyselyHandle, KyselyResult } from "../clients/kysely-client";
export type { Mysql2CallbackHandle, Mysql2PromiseHandle } from "../clients/mysql2-client";
export type { PgHandle, PgResult } from "../clients/pg-client";
export type { SequelizeHandle, SequelizeTransaction } from "../clients/sequelize-client";
export type { SqlHandle } from "../clients/sql-handle";
export type { SqliteHandle, SqliteStatement } from "../clients/sqlite-client";
export type { ClientLockAdapterSettings } from "./client-lock-adapter";
export type { KnexLockAdapterSettings } from "./knex-lock-adapter";
export { KnexLockAdapter } from "./knex-lock-adapter";
export type { KyselyLockAdapterSettings } from "./kysely-lock-adapter";
export { KyselyLockAdapter } from "./kysely-lock-adapter";
export type { MemoryLockAdapterSettings } from "./memory-lock-adapter";
export { MemoryLockAdapter } from "./memory-lock-adapter";
export type {
  MongodbDatabase,
  MongodbLockAdapterDatabaseSettings,
  MongodbLockAdapterOptions,
  MongodbLockAdapterSettings,
  MongooseConnection,
} from "./mongodb-lock-adapter";
export { MongodbLockAdapter } from "./mongodb-lock-adapter";
export type { MysqlLockAdapterSettings } from "./mysql-lock-adapter";
export { MysqlLockAdapter } from "./mysql-lock-adapter";
export { NoOpLockAdapter } from "./no-op-lock-adapter";
export type { PostgresLockAdapterSettings } from "./postgres-lock-adapter";
export { PostgresLockAdapter } from "./postgres-lock-adapter";
export type {
  RedisClient,
  RedisClientOptions,
  RedisClusterClient,
  RedisClusterClientOptions,
  RedisLockAdapterClientSettings,
  RedisLockAdapterOptions,
  RedisLockAdapterSettings,
  RedisSentinelAddress,
  RedisTlsOptions,
} from "./redis-lock-adapter";
export { RedisLockAdapter } from "./redis-lock-adapter";
export type { SequelizeLockAdapterSettings } from "./sequelize-lock-adapter";
export { SequelizeLockAdapter } from "./sequelize-lock-adapter";
export type { SqlClient, SqlDialect, SqlParameter, SqlResult } from "./sql-client";
export type { SqlLockAdapterSettings } from "./sql-lock-adapter";
export { SqlLockAdapter } from "./sql-lock-adapter";
export type { SqlServerSettings, SslSettings } from "./sql-server-settings";
export type { SqliteLockAdapterSettings } from "./sqlite-lock-adapter";
export { SqliteLockAdapter } from "./sqlite-lock-adapter";
