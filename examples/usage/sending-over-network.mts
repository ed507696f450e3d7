// A lock in an event: acquired by the sender, released by the receiver. Needs a Redis server: REDIS_URL says where.

import { EventBus } from "holdfast/event-bus";
import { RedisPubSubEventBusAdapter } from "holdfast/event-bus/adapters";
import { LockProvider } from "holdfast/lock";
import { RedisLockAdapter } from "holdfast/lock/adapters";
import type { ILock } from "holdfast/lock/contracts";
import { Serde } from "holdfast/serde";
import { SuperJsonSerdeAdapter } from "holdfast/serde/adapters";
import { Namespace, TimeSpan } from "holdfast/utilities";
import { Redis } from "ioredis";

const redisUrl = process.env.REDIS_URL ?? "redis://localhost:6379";

const serde = new Serde(new SuperJsonSerdeAdapter());
const mainRedisClient = new Redis(redisUrl);
const listenerRedisClient = new Redis(redisUrl);

type EventMap = {
  "sending-lock-over-network": {
    lock: ILock;
  };
};
const eventBus = new EventBus<EventMap>({
  namespace: new Namespace("event-bus"),
  adapter: new RedisPubSubEventBusAdapter({
    listenerClient: listenerRedisClient,
    dispatcherClient: mainRedisClient,
    serde,
  }),
});

const lockProvider = new LockProvider({
  serde,
  namespace: new Namespace("lock"),
  adapter: new RedisLockAdapter(mainRedisClient),
  eventBus,
});
const lock = lockProvider.create("resource", { ttl: TimeSpan.fromSeconds(30) });

// The other servers will receive the serialized lock and automatically deserialize it. They have to listen before it is
// sent: Redis keeps no events.
await eventBus.addListener("sending-lock-over-network", async (event) => {
  console.log("LOCK:", event.lock.key);
  console.log("not the object that was sent:", event.lock !== lock);
  console.log("released by the receiver:", await event.lock.release());
  mainRedisClient.disconnect();
  listenerRedisClient.disconnect();
});

console.log("acquired by the sender:", await lock.acquire());

// We are sending the lock over the network to other servers.
await eventBus.dispatch("sending-lock-over-network", {
  lock,
});

// Prints:
// acquired by the sender: true
// LOCK: resource
// not the object that was sent: true
// released by the receiver: true
