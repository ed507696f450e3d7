import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { EventBus } from "../../ts/event-bus";
import { RedisPubSubEventBusAdapter } from "../../ts/event-bus/adapters";
import { LockProvider } from "../../ts/lock";
import { RedisLockAdapter } from "../../ts/lock/adapters";
import { Serde } from "../../ts/serde";
import { SuperJsonSerdeAdapter } from "../../ts/serde/adapters";
import { Namespace } from "../../ts/utilities";
import { Child } from "../processes/child";

const url = process.env.REDIS_URL ?? missing();

function missing(): never {
  throw new Error("REDIS_URL names no Redis server; npm test provides one, or set it");
}

test("a lock that is sent over Redis publish and subscribe is released by the process that hears of it", async () => {
  const name = `holdfast-${randomUUID()}`;
  const receiver = new Child("../lock/workers/released-over-redis.mjs", [url, name], { talks: true });
  const client = new Redis(url);
  onTestFinished(() => client.disconnect());
  const serde = new Serde(new SuperJsonSerdeAdapter());
  const namespace = new Namespace(name);
  const eventBus = new EventBus({ namespace, adapter: new RedisPubSubEventBusAdapter({ client, serde }) });
  const adapter = new RedisLockAdapter(client);
  const lock = new LockProvider({ serde, namespace, adapter }).create("resource");
  await lock.acquireOrFail();
  const { fence } = lock;
  expect(await receiver.hear()).toBe("listening");

  await eventBus.dispatch("sending-lock-over-network", { lock });

  expect(await receiver.hear()).toEqual({
    key: "resource",
    owner: lock.id,
    fence: String(fence),
    isLocked: true,
    isReleased: true,
    again: true,
  });
  expect(await lock.release()).toBe(false);
  expect(await receiver.dismiss()).toMatchObject({ code: 0, stderr: "" });
  await adapter.close();
});
