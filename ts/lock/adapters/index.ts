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
export { NoOpLockAdapter } from "./no-op-lock-adapter";
export type {
  RedisClient,
  RedisClientOptions,
  RedisLockAdapterClientSettings,
  RedisLockAdapterSettings,
} from "./redis-lock-adapter";
export { RedisLockAdapter } from "./redis-lock-adapter";
export type { SqliteLockAdapterSettings } from "./sqlite-lock-adapter";
export { SqliteLockAdapter } from "./sqlite-lock-adapter";
