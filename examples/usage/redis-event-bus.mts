// Events of locks over Redis, for all processes to hear. Needs a Redis server: REDIS_URL says where.

import { EventBus } from "holdfast/event-bus";
import { RedisPubSubEventBusAdapter } from "holdfast/event-bus/adapters";
import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { LOCK_EVENTS } from "holdfast/lock/contracts";
import { Serde } from "holdfast/serde";
import { SuperJsonSerdeAdapter } from "holdfast/serde/adapters";
import { Namespace } from "holdfast/utilities";
import { Redis } from "ioredis";

const redisUrl = process.env.REDIS_URL ?? "redis://localhost:6379";

const serde = new Serde(new SuperJsonSerdeAdapter());

const dispatcherClient = new Redis(redisUrl);
const listenerClient = new Redis(redisUrl);

const redisPubSubEventBusAdapter = new RedisPubSubEventBusAdapter({
  dispatcherClient,
  listenerClient,
  serde,
});

const lockProvider = new LockProvider({
  namespace: new Namespace("lock"),
  adapter: new MemoryLockAdapter(),
  eventBus: new EventBus({
    namespace: new Namespace("event-bus"),
    adapter: redisPubSubEventBusAdapter,
  }),
});

await lockProvider.addListener(LOCK_EVENTS.ACQUIRED, (event) => {
  console.log("ACQUIRED:", event.key, String(event.ttl));
});
await lockProvider.addListener(LOCK_EVENTS.RELEASED, (event) => {
  console.log("RELEASED:", event.key);
  dispatcherClient.disconnect();
  listenerClient.disconnect();
});

const lock = lockProvider.create("resource");
await lock.acquire();
await lock.release();

// Prints:
// ACQUIRED: resource 5m
// RELEASED: resource
