// Two kinds of locks whose events do not mix. Needs a Redis server: REDIS_URL says where.

import { EventBus } from "holdfast/event-bus";
import { RedisPubSubEventBusAdapter } from "holdfast/event-bus/adapters";
import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter, RedisLockAdapter } from "holdfast/lock/adapters";
import { LOCK_EVENTS } from "holdfast/lock/contracts";
import { Serde } from "holdfast/serde";
import { SuperJsonSerdeAdapter } from "holdfast/serde/adapters";
import { Namespace } from "holdfast/utilities";
import { Redis } from "ioredis";

const redisUrl = process.env.REDIS_URL ?? "redis://localhost:6379";

const serde = new Serde(new SuperJsonSerdeAdapter());

const dispatcherClient = new Redis(redisUrl);
const listenerClient = new Redis(redisUrl);
const database = new Redis(redisUrl);

const redisPubSubEventBusAdapter = new RedisPubSubEventBusAdapter({
  dispatcherClient,
  listenerClient,
  serde,
});

const memoryLockAdapter = new MemoryLockAdapter();
const memoryLockProvider = new LockProvider({
  namespace: new Namespace("cache"),
  adapter: memoryLockAdapter,
  eventBus: new EventBus({
    // We assign distinct namespaces to MemoryLockAdapter and RedisLockAdapter to isolate their events.
    namespace: new Namespace(["memory-cache", "event-bus"]),
    adapter: redisPubSubEventBusAdapter,
  }),
});

const redisLockAdapter = new RedisLockAdapter({
  serde,
  database,
});
const redisLockProvider = new LockProvider({
  namespace: new Namespace("cache"),
  adapter: redisLockAdapter,
  eventBus: new EventBus({
    // We assign distinct namespaces to MemoryLockAdapter and RedisLockAdapter to isolate their events.
    namespace: new Namespace(["redis-cache", "event-bus"]),
    adapter: redisPubSubEventBusAdapter,
  }),
});

await memoryLockProvider.addListener(LOCK_EVENTS.RELEASED, (event) => {
  console.log("released in memory:", event.key);
});
await redisLockProvider.addListener(LOCK_EVENTS.RELEASED, (event) => {
  console.log("released in Redis:", event.key);
  for (const client of [dispatcherClient, listenerClient, database]) {
    client.disconnect();
  }
});

await memoryLockProvider.create("a").runOrFail(() => undefined);
await redisLockProvider.create("b").runOrFail(() => undefined);

// Prints:
// released in memory: a
// released in Redis: b
