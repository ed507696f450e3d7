// A lock as text: acquired here, released where the text was read. Needs a Redis server: REDIS_URL says where.

import { LockProvider } from "holdfast/lock";
import { RedisLockAdapter } from "holdfast/lock/adapters";
import type { ILock } from "holdfast/lock/contracts";
import { Serde } from "holdfast/serde";
import { SuperJsonSerdeAdapter } from "holdfast/serde/adapters";
import { Namespace, TimeSpan } from "holdfast/utilities";
import { Redis } from "ioredis";

const serde = new Serde(new SuperJsonSerdeAdapter());

const redisClient = new Redis(process.env.REDIS_URL ?? "redis://localhost:6379");

const lockProvider = new LockProvider({
  // You can also pass in an array of Serde class instances
  serde,
  namespace: new Namespace("lock"),
  adapter: new RedisLockAdapter(redisClient),
});

const lock = lockProvider.create("resource", { ttl: TimeSpan.fromSeconds(30) });
console.log("acquired:", await lock.acquire());

const serializedLock = serde.serialize(lock);
console.log("serialized:", typeof serializedLock);

const deserializedLock = serde.deserialize<ILock>(serializedLock);
console.log("key:", deserializedLock.key);
console.log("same owner:", (await deserializedLock.getOwner()) === (await lock.getOwner()));
console.log("released:", await deserializedLock.release());
console.log("locked:", await lock.isLocked());

redisClient.disconnect();

// Prints:
// acquired: true
// serialized: string
// key: resource
// same owner: true
// released: true
// locked: false
