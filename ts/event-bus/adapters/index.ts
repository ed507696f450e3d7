export { MemoryEventBusAdapter } from "./memory-event-bus-adapter";
export { NoOpEventBusAdapter } from "./no-op-event-bus-adapter";
export type {
  RedisDispatcherClient,
  RedisDuplicateClient,
  RedisListenerClient,
  RedisPubSubClient,
} from "./redis-pub-sub-client";
export type {
  RedisPubSubClientSettings,
  RedisPubSubClientsSettings,
  RedisPubSubEventBusAdapterSettings,
} from "./redis-pub-sub-event-bus-adapter";
export { RedisPubSubEventBusAdapter } from "./redis-pub-sub-event-bus-adapter";
