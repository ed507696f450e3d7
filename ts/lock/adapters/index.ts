export type { MemoryLockAdapterSettings } from "./memory-lock-adapter";
export { MemoryLockAdapter } from "./memory-lock-adapter";
export type { MysqlLockAdapterSettings } from "./mysql-lock-adapter";
export { MysqlLockAdapter } from "./mysql-lock-adapter";
export { NoOpLockAdapter } from "./no-op-lock-adapter";
export type { PostgresLockAdapterSettings } from "./postgres-lock-adapter";
export { PostgresLockAdapter } from "./postgres-lock-adapter";
export type {
  RedisClient,
  RedisClientOptions,
  RedisLockAdapterClientSettings,
  RedisLockAdapterSettings,
} from "./redis-lock-adapter";
export { RedisLockAdapter } from "./redis-lock-adapter";
export type { SqlServerSettings, SslSettings } from "./sql-server-settings";
export type { SqliteLockAdapterSettings } from "./sqlite-lock-adapter";
export { SqliteLockAdapter } from "./sqlite-lock-adapter";
