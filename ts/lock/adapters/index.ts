export type { MemoryLockAdapterSettings } from "./memory-lock-adapter";
export { MemoryLockAdapter } from "./memory-lock-adapter";
export { NoOpLockAdapter } from "./no-op-lock-adapter";
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
export type { SqliteLockAdapterSettings } from "./sqlite-lock-adapter";
export { SqliteLockAdapter } from "./sqlite-lock-adapter";
