import { randomUUID } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Cluster as Cluster6, Redis as Redis6, type RedisOptions } from "ioredis";
import { type Cluster as Cluster5, Redis as Redis5 } from "ioredis-5";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import { EventBus } from "../../ts/event-bus";
import {
  type RedisDispatcherClient,
  type RedisListenerClient,
  type RedisPubSubClient,
  RedisPubSubEventBusAdapter,
  type RedisPubSubEventBusAdapterSettings,
} from "../../ts/event-bus/adapters";
import { Serde } from "../../ts/serde";
import { SuperJsonSerdeAdapter } from "../../ts/serde/adapters";
import { DeserializationSerdeError, SerializationSerdeError } from "../../ts/serde/contracts";
import { InvalidInputError, Namespace, TimeSpan, UnexpectedError } from "../../ts/utilities";

const PATIENCE = { timeout: 30_000, interval: 20 };

const eventually = (assertion: () => unknown) => vi.waitFor(assertion, PATIENCE);

function redisUrl(): string {
  const url = process.env.REDIS_URL;
  if (!url) {
    throw new Error('These tests need a Redis server; run them with "npm test", or set REDIS_URL');
  }
  return url;
}

describe.each([
  ["ioredis 6", Redis6],
  ["ioredis 5", Redis5 as unknown as typeof Redis6],
])("RedisPubSubEventBusAdapter with %s", (_, Redis) => {
  const serde = new Serde(new SuperJsonSerdeAdapter());
  let clients: Redis6[];
  let dispatcherClient: Redis6;
  let listenerClient: Redis6;
  let eventName: string;
  let onError: ReturnType<typeof vi.fn<(error: unknown, eventName: string) => unknown>>;
  let unhandled: unknown[];
  const noteUnhandled = (reason: unknown) => unhandled.push(reason);

  beforeEach(() => {
    clients = [];
    dispatcherClient = connect();
    listenerClient = connect();
    eventName = `test:${randomUUID()}`;
    onError = vi.fn();
    unhandled = [];
    process.on("unhandledRejection", noteUnhandled);
  });

  afterEach(async () => {
    for (const client of clients) {
      client.disconnect();
    }
    await nextTurn();
    process.off("unhandledRejection", noteUnhandled);
    vi.restoreAllMocks();
    expect(unhandled).toEqual([]);
  });

  function connect(options: Pick<RedisOptions, "connectionName" | "retryStrategy"> = {}): Redis6 {
    const client = new Redis(redisUrl(), options);
    client.on("error", () => undefined);
    clients.push(client);
    return client;
  }

  /** A client of a server that is not there. */
  function connectToNothing(): Redis6 {
    const client = new Redis({ host: "127.0.0.1", port: 1, retryStrategy: () => null, lazyConnect: true });
    client.on("error", () => undefined);
    clients.push(client);
    return client;
  }

  function adapterOf(settings: Partial<RedisPubSubEventBusAdapterSettings> = {}): RedisPubSubEventBusAdapter {
    return new RedisPubSubEventBusAdapter({
      ...(settings.client === undefined ? { dispatcherClient, listenerClient } : {}),
      serde,
      onError,
      ...settings,
    } as RedisPubSubEventBusAdapterSettings);
  }

  async function subscriptionsOf(channel: string): Promise<number> {
    const [, count] = (await dispatcherClient.pubsub("NUMSUB", channel)) as [string, number];
    return count;
  }

  /** Connections to the server by their name. */
  async function connectionsOf(name: string): Promise<string[]> {
    const list = (await dispatcherClient.client("LIST")) as string;
    return list.split("\n").filter((line) => line.includes(` name=${name} `));
  }

  async function kill(connection: string): Promise<void> {
    const id = /\bid=(\d+)/.exec(connection)?.[1] as string;
    await dispatcherClient.client("KILL", "ID", id);
  }

  /** Messages arrive in the order they were sent: when this one has, those before it have. */
  async function everythingArrived(adapter: RedisPubSubEventBusAdapter): Promise<void> {
    const last = randomUUID();
    const heard = vi.fn();
    await adapter.addListener(eventName, heard);
    await adapter.dispatch(eventName, last);
    await eventually(() => expect(heard).toHaveBeenCalledWith(last));
    await adapter.removeListener(eventName, heard);
  }

  describe("events", () => {
    test("reach the listeners of their name in every process, as what they were", async () => {
      const [sender, receiver] = [adapterOf(), adapterOf({ listenerClient: connect(), dispatcherClient: connect() })];
      const [heard, other] = [vi.fn(), vi.fn()];
      await receiver.addListener(eventName, heard);
      await receiver.addListener(`${eventName}:other`, other);
      const event = { ttl: TimeSpan.fromSeconds(5), at: new Date(0), nothing: undefined };
      await sender.dispatch(eventName, event);
      await eventually(() => expect(heard).toHaveBeenCalledTimes(1));
      expect(heard).toHaveBeenCalledWith(event);
      expect(heard.mock.calls[0]?.[0].ttl).toBeInstanceOf(TimeSpan);
      expect(other).not.toHaveBeenCalled();
    });

    test("reach every listener once, however many there are", async () => {
      const adapter = adapterOf();
      const listeners = [vi.fn(), vi.fn(), vi.fn()];
      const subscribing = vi.spyOn(listenerClient, "subscribe");
      for (const listener of listeners) {
        await adapter.addListener(eventName, listener);
      }
      expect(subscribing).toHaveBeenCalledTimes(1);
      await adapter.dispatch(eventName, "event");
      await everythingArrived(adapter);
      for (const listener of listeners) {
        expect(listener.mock.calls.filter(([event]) => event === "event")).toHaveLength(1);
      }
    });

    test("reach a listener once that was added twice", async () => {
      const adapter = adapterOf();
      const heard = vi.fn();
      await adapter.addListener(eventName, heard);
      await adapter.addListener(eventName, heard);
      await adapter.dispatch(eventName, "event");
      await everythingArrived(adapter);
      expect(heard.mock.calls.filter(([event]) => event === "event")).toHaveLength(1);
      await adapter.removeListener(eventName, heard);
      expect(await subscriptionsOf(eventName)).toBe(0);
    });

    test("reach those who listen to the first of them", async () => {
      const adapter = adapterOf();
      const heard = vi.fn();
      const added = adapter.addListener(eventName, heard);
      await eventually(async () => expect(await subscriptionsOf(eventName)).toBe(1));
      await adapter.dispatch(eventName, "first");
      await added;
      await eventually(() => expect(heard).toHaveBeenCalledWith("first"));
    });

    test("travel by way of an EventBus", async () => {
      const namespace = new Namespace(eventName);
      const bus = () => new EventBus({ adapter: adapterOf(), namespace, onError });
      const [sender, receiver] = [bus(), bus()];
      const heard = vi.fn();
      const next = receiver.asPromise("name");
      next.defer();
      await receiver.addListener("name", heard);
      await sender.dispatch("name", { n: 1 });
      await sender.dispatch("name", { n: 2 });
      await eventually(() => expect(heard.mock.calls).toEqual([[{ n: 1 }], [{ n: 2 }]]));
      expect(await next).toEqual({ n: 1 });
      await receiver.removeListener("name", heard);
      expect(await subscriptionsOf(namespace.create("name").namespaced)).toBe(0);
      expect(onError).not.toHaveBeenCalled();
    });
  });

  describe("listening", () => {
    test("takes nothing of the client before the first listener, and leaves nothing after the last", async () => {
      const adapter = adapterOf();
      const [first, second] = [vi.fn(), vi.fn()];
      expect(listenerClient.listenerCount("message")).toBe(0);
      await adapter.addListener(eventName, first);
      await adapter.addListener(`${eventName}:other`, second);
      expect(listenerClient.listenerCount("message")).toBe(1);
      await adapter.removeListener(eventName, first);
      expect(listenerClient.listenerCount("message")).toBe(1);
      await adapter.removeListener(`${eventName}:other`, second);
      expect(listenerClient.listenerCount("message")).toBe(0);
      expect(await subscriptionsOf(`${eventName}:other`)).toBe(0);
    });

    test("ends for a removed listener only; the channel is left with the last", async () => {
      const adapter = adapterOf();
      const [removed, kept] = [vi.fn(), vi.fn()];
      await adapter.addListener(eventName, removed);
      await adapter.addListener(eventName, kept);
      await adapter.removeListener(eventName, removed);
      expect(await subscriptionsOf(eventName)).toBe(1);
      await adapter.dispatch(eventName, "event");
      await eventually(() => expect(kept).toHaveBeenCalledTimes(1));
      expect(removed).not.toHaveBeenCalled();
      await adapter.removeListener(eventName, kept);
      expect(await subscriptionsOf(eventName)).toBe(0);
    });

    test("a listener that was not added can be removed", async () => {
      const adapter = adapterOf();
      const heard = vi.fn();
      await adapter.removeListener(eventName, vi.fn());
      await adapter.addListener(eventName, heard);
      await adapter.removeListener(eventName, vi.fn());
      expect(await subscriptionsOf(eventName)).toBe(1);
    });

    test("adapters on one client do not end each other's", async () => {
      const [one, other] = [adapterOf(), adapterOf()];
      const [heard, gone] = [vi.fn(), vi.fn()];
      await one.addListener(eventName, heard);
      await other.addListener(eventName, gone);
      expect(listenerClient.listenerCount("message")).toBe(1);
      await other.removeListener(eventName, gone);
      await one.dispatch(eventName, "event");
      await eventually(() => expect(heard).toHaveBeenCalledTimes(1));
      expect(gone).not.toHaveBeenCalled();
    });

    test("leaves other subscriptions of the client alone", async () => {
      const adapter = adapterOf();
      const [heard, message] = [vi.fn(), vi.fn()];
      await listenerClient.subscribe(`${eventName}:mine`);
      listenerClient.on("message", message);
      await adapter.addListener(eventName, heard);
      await adapter.removeListener(eventName, heard);
      await dispatcherClient.publish(`${eventName}:mine`, "text");
      await eventually(() => expect(message).toHaveBeenCalledWith(`${eventName}:mine`, "text"));
      expect(heard).not.toHaveBeenCalled();
      expect(onError).not.toHaveBeenCalled();
    });

    test("adding and removing take turns", async () => {
      const adapter = adapterOf();
      const heard = vi.fn();
      const add = () => adapter.addListener(eventName, heard);
      const remove = () => adapter.removeListener(eventName, heard);
      await Promise.all([add(), remove(), add()]);
      await adapter.dispatch(eventName, 1);
      await eventually(() => expect(heard.mock.calls).toEqual([[1]]));
      await Promise.all([remove(), add(), remove(), add(), add(), remove()]);
      expect(await subscriptionsOf(eventName)).toBe(0);
      expect(listenerClient.listenerCount("message")).toBe(0);
    });

    test("of many listeners at once ends as it should", async () => {
      const adapters = [adapterOf(), adapterOf()];
      const listeners = Array.from({ length: 20 }, () => vi.fn());
      const each = (act: (adapter: RedisPubSubEventBusAdapter, listener: () => void, index: number) => unknown) =>
        Promise.all(adapters.flatMap((adapter) => listeners.map((listener, index) => act(adapter, listener, index))));
      await Promise.all([
        each((adapter, listener) => adapter.addListener(eventName, listener)),
        each((adapter, listener, index) => index % 2 === 0 && adapter.removeListener(eventName, listener)),
      ]);
      await adapters[0]?.dispatch(eventName, "event");
      await eventually(() => expect(listeners.at(-1)).toHaveBeenCalledTimes(adapters.length));
      for (const [index, listener] of listeners.entries()) {
        expect(listener).toHaveBeenCalledTimes(index % 2 === 0 ? 0 : adapters.length);
      }
      await each((adapter, listener) => adapter.removeListener(eventName, listener));
      expect(await subscriptionsOf(eventName)).toBe(0);
    });

    test("goes on when the connection was lost and is there again", async () => {
      const name = `lost-${randomUUID()}`;
      const adapter = adapterOf({ dispatcherClient, listenerClient: connect({ connectionName: name }) });
      const heard = vi.fn();
      await adapter.addListener(eventName, heard);
      const [connection] = await connectionsOf(name);
      await kill(connection as string);
      await eventually(async () => {
        await adapter.dispatch(eventName, "event");
        expect(heard).toHaveBeenCalledWith("event");
      });
    });
  });

  describe("with one client", () => {
    test("a duplicate listens while there are listeners", async () => {
      const name = `duplicate-${randomUUID()}`;
      const client = connect({ connectionName: name });
      await client.ping();
      const adapter = adapterOf({ client });
      await adapter.dispatch(eventName, "nobody hears");
      expect(await connectionsOf(name)).toHaveLength(1);
      const [heard, other] = [vi.fn(), vi.fn()];
      for (let round = 1; round <= 2; round += 1) {
        await adapter.addListener(eventName, heard);
        await adapter.addListener(`${eventName}:other`, other);
        expect(await connectionsOf(name)).toHaveLength(2);
        await adapter.dispatch(eventName, round);
        await eventually(() => expect(heard).toHaveBeenCalledWith(round));
        await adapter.removeListener(eventName, heard);
        expect(await connectionsOf(name)).toHaveLength(2);
        await adapter.removeListener(`${eventName}:other`, other);
        await eventually(async () => expect(await connectionsOf(name)).toHaveLength(1));
      }
      expect(client.listenerCount("end")).toBe(0);
      expect(onError).not.toHaveBeenCalled();
    });

    test("the last listener may go and another come at once", async () => {
      const name = `changing-${randomUUID()}`;
      const adapter = adapterOf({ client: connect({ connectionName: name }) });
      const [gone, heard] = [vi.fn(), vi.fn()];
      for (let round = 1; round <= 5; round += 1) {
        await adapter.addListener(eventName, gone);
        await Promise.all([adapter.removeListener(eventName, gone), adapter.addListener(eventName, heard)]);
        await eventually(async () => expect(await connectionsOf(name)).toHaveLength(2));
        await adapter.dispatch(eventName, round);
        await eventually(() => expect(heard).toHaveBeenCalledWith(round));
        await adapter.removeListener(eventName, heard);
      }
      expect(gone).not.toHaveBeenCalled();
      expect(onError).not.toHaveBeenCalled();
    });

    test("listening ends when the client does, quietly, and can begin again", async () => {
      const name = `ended-${randomUUID()}`;
      const client = connect({ connectionName: name });
      const adapter = adapterOf({ client });
      const heard = vi.fn();
      await adapter.addListener(eventName, heard);
      await client.quit();
      await eventually(async () => expect(await connectionsOf(name)).toHaveLength(0));
      expect(onError).not.toHaveBeenCalled();
      await client.connect();
      await adapter.addListener(eventName, heard);
      await adapter.dispatch(eventName, "again");
      await eventually(() => expect(heard).toHaveBeenCalledWith("again"));
    });

    test("says so when the duplicate is lost for good, and listens again when asked to", async () => {
      const name = `given-up-${randomUUID()}`;
      const client = connect({ connectionName: name, retryStrategy: () => null });
      await client.ping();
      const adapter = adapterOf({ client });
      const heard = vi.fn();
      const [own] = await connectionsOf(name);
      await adapter.addListener(eventName, heard);
      const duplicate = (await connectionsOf(name)).find(
        (connection) => connection.split(" ")[0] !== own?.split(" ")[0],
      );
      await kill(duplicate as string);
      await eventually(() => expect(onError).toHaveBeenCalledWith(expect.any(UnexpectedError), eventName));
      await adapter.addListener(eventName, heard);
      await adapter.dispatch(eventName, "again");
      await eventually(() => expect(heard.mock.calls).toEqual([["again"]]));
    });
  });

  describe("errors", () => {
    const garbage = ["not JSON", "{}", '{"json":1,"meta":{"values":[["custom","unknown"]]}}', ""];

    test("a message that cannot be deserialized is reported and disturbs nobody", async () => {
      const adapter = adapterOf();
      const heard = vi.fn();
      await adapter.addListener(eventName, heard);
      for (const message of garbage) {
        await dispatcherClient.publish(eventName, message);
      }
      await adapter.dispatch(eventName, "event");
      await eventually(() => expect(heard.mock.calls).toEqual([["event"]]));
      expect(onError.mock.calls).toEqual(garbage.map(() => [expect.any(DeserializationSerdeError), eventName]));
    });

    test("are published where there is no handler, or it fails itself", async () => {
      const published: unknown[] = [];
      const note = (message: unknown) => published.push(message);
      subscribe("holdfast:event-bus:error", note);
      try {
        const failure = new Error("the handler failed");
        const other = `${eventName}:other`;
        await adapterOf({ onError: undefined }).addListener(eventName, vi.fn());
        await adapterOf({ onError: () => Promise.reject(failure) }).addListener(other, vi.fn());
        await dispatcherClient.publish(eventName, "not JSON");
        await dispatcherClient.publish(other, "not JSON");
        await eventually(() => expect(published).toHaveLength(2));
        expect(published).toEqual([
          { error: expect.any(DeserializationSerdeError), eventName },
          { error: failure, eventName: other },
        ]);
      } finally {
        unsubscribe("holdfast:event-bus:error", note);
      }
    });

    test("a listener that throws disturbs no other", async () => {
      const adapter = adapterOf();
      const failure = new Error("the listener failed");
      const heard = vi.fn();
      await adapter.addListener(eventName, () => {
        throw failure;
      });
      await adapter.addListener(eventName, heard);
      await adapter.dispatch(eventName, "event");
      await eventually(() => expect(heard).toHaveBeenCalledTimes(1));
      expect(onError.mock.calls).toEqual([[failure, eventName]]);
    });

    test("an event that cannot be serialized fails alone", async () => {
      const adapter = adapterOf();
      const heard = vi.fn();
      await adapter.addListener(eventName, heard);
      await expect(adapter.dispatch(eventName, () => undefined)).rejects.toBeInstanceOf(SerializationSerdeError);
      await adapter.dispatch(eventName, "event");
      await eventually(() => expect(heard.mock.calls).toEqual([["event"]]));
    });

    test("a dispatch to a server that is not there rejects", async () => {
      const adapter = adapterOf({ dispatcherClient: connectToNothing(), listenerClient });
      await expect(adapter.dispatch(eventName, "event")).rejects.toBeInstanceOf(Error);
    });

    test("a listener that cannot be added is not, and nothing is left of it", async () => {
      const dead = connectToNothing();
      const adapter = adapterOf({ dispatcherClient, listenerClient: dead });
      await expect(adapter.addListener(eventName, vi.fn())).rejects.toBeInstanceOf(Error);
      expect(dead.listenerCount("message")).toBe(0);
      await adapter.removeListener(eventName, vi.fn());

      const client = connectToNothing();
      const others = client.listenerCount("end");
      const printing = vi.spyOn(console, "error");
      await expect(adapterOf({ client }).addListener(eventName, vi.fn())).rejects.toBeInstanceOf(Error);
      expect(client.listenerCount("end")).toBe(others);
      expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: "ECONNREFUSED" }), eventName);
      expect(printing).not.toHaveBeenCalled();
    });

    test("of one who is added together with others are not theirs", async () => {
      const adapter = adapterOf();
      const [refused, heard] = [vi.fn(), vi.fn()];
      const subscribing = vi.spyOn(listenerClient, "subscribe").mockRejectedValueOnce(new Error("no"));
      const [first, second] = await Promise.allSettled([
        adapter.addListener(eventName, refused),
        adapter.addListener(eventName, heard),
      ]);
      expect([first.status, second.status]).toEqual(["rejected", "fulfilled"]);
      expect(subscribing).toHaveBeenCalledTimes(2);
      await adapter.dispatch(eventName, "event");
      await eventually(() => expect(heard).toHaveBeenCalledTimes(1));
      expect(refused).not.toHaveBeenCalled();
    });

    test("of unsubscribing do not keep a channel from being heard again", async () => {
      const adapter = adapterOf();
      const heard = vi.fn();
      await adapter.addListener(eventName, heard);
      vi.spyOn(listenerClient, "unsubscribe").mockRejectedValueOnce(new Error("no"));
      await expect(adapter.removeListener(eventName, heard)).rejects.toThrow("no");
      await adapter.dispatch(eventName, "unheard");
      await adapter.addListener(eventName, heard);
      await adapter.dispatch(eventName, "heard");
      await eventually(() => expect(heard).toHaveBeenCalledWith("heard"));
    });
  });

  test("refuses settings it cannot use", () => {
    const make = (settings: unknown) => () =>
      new RedisPubSubEventBusAdapter(settings as RedisPubSubEventBusAdapterSettings);
    expect(make(undefined)).toThrow(InvalidInputError);
    expect(make({ client: dispatcherClient })).toThrow(InvalidInputError);
    expect(make({ serde })).toThrow(InvalidInputError);
    expect(make({ serde, dispatcherClient })).toThrow(InvalidInputError);
    expect(make({ serde, listenerClient })).toThrow(InvalidInputError);
    expect(make({ serde, client: {} })).toThrow(InvalidInputError);
  });
});

test("the clients of ioredis are what the adapter asks for", () => {
  expectTypeOf<Redis6 | Cluster6 | Redis5 | Cluster5>().toExtend<RedisDispatcherClient>();
  expectTypeOf<Redis6 | Cluster6 | Redis5 | Cluster5>().toExtend<RedisListenerClient>();
  expectTypeOf<Redis6 | Cluster6 | Redis5 | Cluster5>().toExtend<RedisPubSubClient>();
  // The types say so; the class has what they promise.
  expect(Cluster6.prototype).toMatchObject({ duplicate: expect.any(Function), disconnect: expect.any(Function) });
});
