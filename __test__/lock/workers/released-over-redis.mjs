// A process that hears of a lock over Redis and releases it.

import {
  EventBus,
  LockProvider,
  Namespace,
  RedisLockAdapter,
  RedisPubSubEventBusAdapter,
  Serde,
  SuperJsonSerdeAdapter,
} from "holdfast";
import { Redis } from "ioredis";

const [url = "", name = ""] = process.argv.slice(2);
const serde = new Serde(new SuperJsonSerdeAdapter());
const client = new Redis(url);
const namespace = new Namespace(name);
const eventBus = new EventBus({ namespace, adapter: new RedisPubSubEventBusAdapter({ client, serde }) });
const provider = new LockProvider({ serde, namespace, adapter: new RedisLockAdapter(client) });

await eventBus.addListener("sending-lock-over-network", async (event) => {
  const { lock } = /** @type {{ lock: import("holdfast").ILock }} */ (event);
  const facts = { key: lock.key, owner: lock.id, fence: String(lock.fence), isLocked: await lock.isLocked() };
  process.send?.({ ...facts, isReleased: await lock.release(), again: await provider.create("resource").acquire() });
});
process.send?.("listening");
process.on("disconnect", () => client.disconnect());
