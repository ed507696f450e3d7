import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { type AsyncLazy, LazyPromise } from "../../ts/async";
import { EventBus } from "../../ts/event-bus";
import { MemoryEventBusAdapter } from "../../ts/event-bus/adapters";
import { LockProvider, LockProviderFactory, type LockProviderFactorySettings } from "../../ts/lock";
import { MemoryLockAdapter, NoOpLockAdapter } from "../../ts/lock/adapters";
import { ConfigurationLockError, LOCK_EVENTS, type LockEventMap } from "../../ts/lock/contracts";
import { Serde } from "../../ts/serde";
import { SuperJsonSerdeAdapter } from "../../ts/serde/adapters";
import {
  DefaultAdapterNotDefinedError,
  FactoryError,
  InvalidInputError,
  Namespace,
  TimeSpan,
  UnregisteredAdapterError,
} from "../../ts/utilities";

type Name = "first" | "second" | "url";

let name: string;
let adapters: Record<Name, MemoryLockAdapter | string>;

beforeEach(() => {
  name = randomUUID();
  adapters = { first: new MemoryLockAdapter({ name }), second: new MemoryLockAdapter({ name }), url: "memory:" };
});

function make(settings: Partial<LockProviderFactorySettings<Name>> = {}): LockProviderFactory<Name> {
  return new LockProviderFactory({ adapters, ...settings });
}

describe("use", () => {
  test.each(["first", "second", "url"] as const)("answers a provider over the adapter %s", async (adapter) => {
    const provider = make().use(adapter);
    expect(provider).toBeInstanceOf(LockProvider);
    expect(await provider.create("key").acquire()).toBe(true);
    expect(await provider.create("key").acquire()).toBe(false);
  });

  test("answers the same provider for the same name", () => {
    const factory = make({ defaultAdapter: "first" });
    expect(factory.use("first")).toBe(factory.use("first"));
    expect(factory.use()).toBe(factory.use("first"));
    expect(factory.use("second")).not.toBe(factory.use("first"));
  });

  test("keeps the keys of the adapters apart, even in one database", async () => {
    const factory = make();
    expect(await factory.use("first").create("key", { owner: "owner", ttl: null }).acquire()).toBe(true);
    expect(await factory.use("second").create("key").acquire()).toBe(true);
    const database = new MemoryLockAdapter({ name });
    expect(await database.getState("@/lock/first:_rt:key")).toEqual({ owner: "owner", expiration: null });
    expect(await database.getState("@/lock/second:_rt:key")).not.toBeNull();
  });

  test("keeps the events of the adapters apart", async () => {
    const factory = make();
    const heard: string[] = [];
    await factory.use("first").addListener(LOCK_EVENTS.ACQUIRED, ({ key }) => heard.push(key));
    await factory.use("second").create("theirs").acquire();
    await factory.use("first").create("ours").acquire();
    expect(heard).toEqual(["ours"]);
  });

  test("without a name and a default says to name one", () => {
    const error = thrownBy(() => make().use());
    expect(error).toBeInstanceOf(DefaultAdapterNotDefinedError);
    expect(error).toBeInstanceOf(FactoryError);
    expect(error).toMatchObject({
      name: "DefaultAdapterNotDefinedError",
      code: "FACTORY_DEFAULT_ADAPTER_NOT_DEFINED",
      message: expect.stringContaining('Default adapter not set for factory "LockProviderFactory"'),
    });
  });

  test.each(["third", "", "constructor", "__proto__", "toString"])("of the name %j says which there are", (unknown) => {
    const error = thrownBy(() => make().use(unknown as Name));
    expect(error).toBeInstanceOf(UnregisteredAdapterError);
    expect(error).toBeInstanceOf(FactoryError);
    expect(error).toMatchObject({
      name: "UnregisteredAdapterError",
      code: "FACTORY_UNREGISTERED_ADAPTER",
      message: expect.stringContaining(`Unregistered adapter "${unknown}"`),
    });
    expect((error as Error).message).toContain('"first", "second", "url"');
  });

  test("of a name that was left out by undefined is unregistered", () => {
    const factory = new LockProviderFactory<Name>({ adapters: { ...adapters, second: undefined } });
    expect(() => factory.use("second")).toThrow(UnregisteredAdapterError);
    expect(factory.use("first")).toBeInstanceOf(LockProvider);
  });

  test("of a default that is unregistered says so", () => {
    const factory = new LockProviderFactory<Name>({ adapters: { first: "memory:" }, defaultAdapter: "second" });
    expect(() => factory.use()).toThrow(UnregisteredAdapterError);
  });

  test.each([
    ["a URL that cannot be used", "unknown:somewhere", ConfigurationLockError],
    ["no adapter", {}, InvalidInputError],
  ])("of %s fails, and the others do not", (_, bad, expected) => {
    const factory = make({ adapters: { ...adapters, second: bad as string } });
    expect(() => factory.use("second")).toThrow(expected);
    expect(() => factory.use("second")).toThrow(expected);
    expect(factory.use("first")).toBeInstanceOf(LockProvider);
  });
});

describe("the settings", () => {
  test("are those of every provider", async () => {
    const factory = make({
      namespace: new Namespace("root", { keyDelimiter: "|" }),
      defaultTtl: TimeSpan.fromSeconds(7),
      createOwnerId: () => "owner",
    });
    for (const adapter of ["first", "second"] as const) {
      const lock = factory.use(adapter).create(["a", "key"]);
      expect(lock.ttl).toEqual(TimeSpan.fromSeconds(7));
      expect(lock.id).toBe("owner");
      await lock.acquire();
      const database = new MemoryLockAdapter({ name });
      expect(await database.getState(`root|${adapter}:_rt:a|key`)).toMatchObject({ owner: "owner" });
    }
  });

  test("may have a serde, in which the locks of the adapters do not mix", async () => {
    const serde = new Serde(new SuperJsonSerdeAdapter());
    const factory = make({ serde });
    for (const adapter of ["first", "second"] as const) {
      const lock = factory.use(adapter).create("key", { owner: "owner" });
      await lock.acquire();
      const revived = serde.deserialize<typeof lock>(serde.serialize(lock));
      expect(await revived.release()).toBe(true);
      expect(await lock.isLocked()).toBe(false);
    }
  });

  test("may be changed, which makes another factory over the same adapters", async () => {
    const factory = make();
    const changed = factory.setDefaultTtl(null);
    expect(changed).not.toBe(factory);
    expect(changed).toBeInstanceOf(LockProviderFactory);
    expect(factory.use("first").create("key").ttl).toEqual(TimeSpan.fromMinutes(5));
    const lock = changed.use("first").create("key");
    expect(lock.ttl).toBeNull();
    await lock.acquire();
    expect(await factory.use("first").create("key").acquire()).toBe(false);
  });

  const eventBus = () => new EventBus<LockEventMap>({ adapter: new MemoryEventBusAdapter() });

  test("setNamespace", async () => {
    await make().setNamespace(new Namespace("root")).use("first").create("key").acquire();
    expect(await new MemoryLockAdapter({ name }).getState("root/first:_rt:key")).not.toBeNull();
  });

  test("setCreateOwnerId", () => {
    const factory = make().setCreateOwnerId(() => "owner");
    expect(factory.use("first").create("key").id).toBe("owner");
  });

  test("setEventBus", async () => {
    const bus = eventBus();
    const heard: string[] = [];
    await bus.addListener(LOCK_EVENTS.ACQUIRED, ({ key }) => heard.push(key));
    const factory = make().setEventBus(bus);
    await factory.use("first").create("one").acquire();
    await factory.use("second").create("two").acquire();
    expect(heard).toEqual(["one", "two"]);
  });

  test("setDefaultTtl", () => {
    const factory = make().setDefaultTtl(TimeSpan.fromSeconds(3));
    expect(factory.use("first").create("key").ttl).toEqual(TimeSpan.fromSeconds(3));
  });

  test("setDefaultRefreshTime", async () => {
    const lock = make().setDefaultRefreshTime(TimeSpan.fromHours(5)).use("first").create("key");
    await lock.acquire();
    await lock.refresh();
    expect((await lock.getRemainingTime())?.gt(TimeSpan.fromHours(4))).toBe(true);
  });

  test("setDefaultBlockingTime", async () => {
    const provider = make().setDefaultBlockingTime(TimeSpan.fromMilliseconds(0)).use("first");
    await provider.create("key", { ttl: null }).acquire();
    expect(await provider.create("key").acquireBlocking()).toBe(false);
  });

  test("setDefaultBlockingInterval", async () => {
    const provider = make().setDefaultBlockingInterval(TimeSpan.fromMilliseconds(1)).use("first");
    const holder = provider.create("key", { ttl: null });
    await holder.acquire();
    let refusals = 0;
    await provider.addListener(LOCK_EVENTS.UNAVAILABLE, () => {
      refusals += 1;
    });
    const waiting = provider.create("key").acquireBlocking();
    waiting.defer();
    await expect.poll(() => refusals, { timeout: 30_000 }).toBeGreaterThan(40);
    await holder.release();
    expect(await waiting).toBe(true);
  });

  test("setLazyPromiseFactory", async () => {
    const made: LazyPromise<unknown>[] = [];
    const factory = make().setLazyPromiseFactory((work: AsyncLazy<unknown>) => {
      const promise = new LazyPromise(work);
      made.push(promise);
      return promise;
    });
    const promise = factory.use("first").create("key").acquire();
    expect(made).toEqual([promise]);
    expect(await promise).toBe(true);
  });

  test("that cannot be used are refused when a provider is made", () => {
    expect(() => make({ defaultTtl: 5 as never }).use("first")).toThrow(InvalidInputError);
  });
});

test("adapters of several classes may stand side by side", async () => {
  const factory = new LockProviderFactory({
    adapters: { on: new MemoryLockAdapter(), off: new NoOpLockAdapter() },
    defaultAdapter: "on",
  });
  const isHeld = async (adapter?: "on" | "off") => {
    await factory.use(adapter).create("key").acquire();
    return factory.use(adapter).create("key").isLocked();
  };
  expect([await isHeld(), await isHeld("on"), await isHeld("off")]).toEqual([true, true, false]);
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return expect.fail("nothing was thrown");
}
