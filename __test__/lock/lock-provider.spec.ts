import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { type AsyncLazy, LazyPromise } from "../../ts/async";
import { EventBus } from "../../ts/event-bus";
import { MemoryEventBusAdapter } from "../../ts/event-bus/adapters";
import { LockProvider, type LockProviderSettings } from "../../ts/lock";
import { MemoryLockAdapter } from "../../ts/lock/adapters";
import { ConfigurationLockError, type ILock, LOCK_EVENTS, type LockEventMap } from "../../ts/lock/contracts";
import { InvalidInputError, type ITimeSpan, Namespace, TimeSpan, TO_MILLISECONDS } from "../../ts/utilities";

let adapter: MemoryLockAdapter;

beforeEach(() => {
  adapter = new MemoryLockAdapter();
});

describe("without settings", () => {
  test("locks are kept in memory, for this provider alone", async () => {
    const [first, second] = [new LockProvider(), new LockProvider()];
    expect(await first.create("key").acquire()).toBe(true);
    expect(await first.create("key").acquire()).toBe(false);
    expect(await second.create("key").acquire()).toBe(true);
  });

  test("a lease lasts five minutes", async () => {
    const lock = new LockProvider().create("key");
    expect(lock.ttl).toEqual(TimeSpan.fromMinutes(5));
    await lock.acquire();
    expect(await remains(lock, TimeSpan.fromMinutes(5))).toBe(true);
  });

  test("a refresh is for five minutes, whatever the ttl of the lock is", async () => {
    const lock = new LockProvider().create("key", { ttl: TimeSpan.fromHours(5) });
    await lock.acquire();
    await lock.refresh();
    expect(await remains(lock, TimeSpan.fromMinutes(5))).toBe(true);
    await lock.refresh(TimeSpan.fromHours(5));
    await lock.refreshOrFail();
    expect(await remains(lock, TimeSpan.fromMinutes(5))).toBe(true);
  });
});

describe("adapter", () => {
  test("may be a URL", async () => {
    const name = randomUUID();
    const provider = new LockProvider({ adapter: `memory:${name}` });
    expect(await provider.create("key").acquire()).toBe(true);
    expect(await new LockProvider({ adapter: new MemoryLockAdapter({ name }) }).create("key").acquire()).toBe(false);
  });

  test("of a URL without a name is shared with nobody", async () => {
    const [first, second] = [new LockProvider({ adapter: "memory:" }), new LockProvider({ adapter: "memory:" })];
    expect(await first.create("key").acquire()).toBe(true);
    expect(await second.create("key").acquire()).toBe(true);
  });

  test.each(["", "memory", "unknown:somewhere", "sqlite:"])("must not be the URL %j", (url) => {
    expect(() => new LockProvider({ adapter: url })).toThrow(ConfigurationLockError);
  });

  test.each([
    ["a number", 5],
    ["null", null],
    ["an empty object", {}],
    ["a function", () => true],
  ])("must not be %s", (_, bad) => {
    expect(() => new LockProvider({ adapter: bad as never })).toThrow(InvalidInputError);
  });
});

describe("namespace", () => {
  const layouts: readonly [string, Namespace | undefined, Iterable<string> | string, string][] = [
    ["by default", undefined, "k", "@/lock:_rt:k"],
    ["by default, of segments", undefined, ["resource", "1"], "@/lock:_rt:resource/1"],
    ["with a root", new Namespace("lock"), ["resource", "1"], "lock:_rt:resource/1"],
    [
      "with delimiters",
      new Namespace(["a", "b"], { keyDelimiter: "|", identifierDelimiter: "::" }),
      ["x", "y"],
      "a|b::_rt::x|y",
    ],
  ];
  test.each(layouts)("lays keys out %s", async (_, namespace, key, stored) => {
    const lock = new LockProvider({ adapter, namespace }).create(key, { owner: "owner", ttl: null });
    await lock.acquire();
    expect(await adapter.getState(stored)).toEqual({ owner: "owner", expiration: null });
  });

  test("keeps the locks of providers apart", async () => {
    const first = new LockProvider({ adapter, namespace: new Namespace("first") });
    const second = new LockProvider({ adapter, namespace: new Namespace("second") });
    expect(await first.create("key").acquire()).toBe(true);
    expect(await second.create("key").acquire()).toBe(true);
    expect(await second.create("key").acquire()).toBe(false);
  });
});

describe("createOwnerId", () => {
  test.each([
    ["a function", (next: () => string) => next],
    ["an object with invoke", (next: () => string) => ({ invoke: next })],
  ])("may be %s", async (_, form) => {
    let made = 0;
    const provider = new LockProvider({ adapter, createOwnerId: form(() => `owner-${++made}`) });
    expect(await provider.create("key").getOwner()).toBe("owner-1");
    expect(await provider.create("key").getOwner()).toBe("owner-2");
    expect(await provider.create("key", { owner: "given" }).getOwner()).toBe("given");
    expect(made).toBe(2);
  });

  test.each([
    ["a number", 5],
    ["undefined", undefined],
    ["an empty text", ""],
    ["half a pair", "\ud83d"],
  ])("must not make %s", (_, bad) => {
    const provider = new LockProvider({ adapter, createOwnerId: () => bad as string });
    expect(() => provider.create("key")).toThrow(InvalidInputError);
  });
});

describe("default times", () => {
  test("defaultTtl is that of locks that are given none", async () => {
    const provider = new LockProvider({ adapter, defaultTtl: TimeSpan.fromSeconds(2) });
    expect(provider.create("key").ttl).toEqual(TimeSpan.fromSeconds(2));
    expect(provider.create("key", { ttl: undefined }).ttl).toEqual(TimeSpan.fromSeconds(2));
    expect(provider.create("key", { ttl: TimeSpan.fromSeconds(3) }).ttl).toEqual(TimeSpan.fromSeconds(3));
    expect(provider.create("key", { ttl: null }).ttl).toBeNull();
  });

  test("defaultTtl may be null, for leases without an end", async () => {
    const lock = new LockProvider({ adapter, defaultTtl: null }).create("key");
    expect(lock.ttl).toBeNull();
    await lock.acquire();
    expect(await lock.getState()).toEqual({ type: "ACQUIRED", remainingTime: null });
    expect(await lock.refresh()).toBe(false);
  });

  test("defaultRefreshTime is that of refreshes that are given none", async () => {
    const provider = new LockProvider({ adapter, defaultRefreshTime: TimeSpan.fromHours(5) });
    const lock = provider.create("key");
    await lock.acquire();
    await lock.refresh();
    expect(await remains(lock, TimeSpan.fromHours(5))).toBe(true);
  });

  test("may be given as any time span", async () => {
    const time: ITimeSpan = { [TO_MILLISECONDS]: () => 5 * 60 * 60 * 1000 };
    const provider = new LockProvider({ adapter, defaultTtl: time, defaultRefreshTime: time });
    const lock = provider.create("key");
    await lock.acquire();
    expect(await remains(lock, TimeSpan.fromHours(5))).toBe(true);
    await lock.refresh(TimeSpan.fromMinutes(5));
    await lock.refresh();
    expect(await remains(lock, TimeSpan.fromHours(5))).toBe(true);
  });

  const names = ["defaultTtl", "defaultRefreshTime", "defaultBlockingTime", "defaultBlockingInterval"] as const;
  describe.each(names)("%s must not be", (name) => {
    test.each([
      ["negative", { [TO_MILLISECONDS]: () => -1 }],
      ["infinite", { [TO_MILLISECONDS]: () => Number.POSITIVE_INFINITY }],
      ["not a number", { [TO_MILLISECONDS]: () => Number.NaN }],
      ["a bare number", 5],
      ["a text", "5s"],
    ])("%s", (_, bad) => {
      expect(() => new LockProvider({ [name]: bad as ITimeSpan })).toThrow(InvalidInputError);
    });
  });

  test.each(["defaultTtl", "defaultRefreshTime"] as const)("%s must not be over 100 years", (name) => {
    expect(() => new LockProvider({ [name]: TimeSpan.fromDays(36_526) })).toThrow(InvalidInputError);
    expect(() => new LockProvider({ [name]: TimeSpan.fromDays(36_525) })).not.toThrow();
  });
});

describe("eventBus", () => {
  test("carries the events of the provider", async () => {
    const eventBus = new EventBus<LockEventMap>({ adapter: new MemoryEventBusAdapter() });
    const heard: unknown[] = [];
    await eventBus.addListener(LOCK_EVENTS.ACQUIRED, (event) => heard.push(event));
    await new LockProvider({ adapter, eventBus }).create("key", { owner: "owner", ttl: null }).acquire();
    expect(heard).toEqual([{ key: "key", owner: "owner", ttl: null }]);
  });

  test("may be shared by providers, which then hear each other", async () => {
    const eventBus = new EventBus<LockEventMap>({ adapter: new MemoryEventBusAdapter() });
    const [first, second] = [new LockProvider({ eventBus }), new LockProvider({ eventBus })];
    const heard: string[] = [];
    await first.addListener(LOCK_EVENTS.ACQUIRED, ({ key }) => heard.push(key));
    await second.create("key").acquire();
    expect(heard).toEqual(["key"]);
  });

  test("left out, is shared with nobody", async () => {
    const [first, second] = [new LockProvider({ adapter }), new LockProvider({ adapter })];
    const heard: string[] = [];
    await first.addListener(LOCK_EVENTS.ACQUIRED, ({ key }) => heard.push(key));
    await second.create("theirs").acquire();
    await first.create("ours").acquire();
    expect(heard).toEqual(["ours"]);
  });
});

describe("lazyPromiseFactory", () => {
  const methods: Record<string, (lock: ILock) => LazyPromise<unknown>> = {
    acquire: (lock) => lock.acquire(),
    acquireOrFail: (lock) => lock.acquireOrFail(),
    acquireBlocking: (lock) => lock.acquireBlocking(),
    acquireBlockingOrFail: (lock) => lock.acquireBlockingOrFail(),
    release: (lock) => lock.release(),
    releaseOrFail: (lock) => lock.releaseOrFail(),
    forceRelease: (lock) => lock.forceRelease(),
    refresh: (lock) => lock.refresh(),
    refreshOrFail: (lock) => lock.refreshOrFail(),
    isExpired: (lock) => lock.isExpired(),
    isLocked: (lock) => lock.isLocked(),
    getRemainingTime: (lock) => lock.getRemainingTime(),
    getOwner: (lock) => lock.getOwner(),
    getState: (lock) => lock.getState(),
    run: (lock) => lock.run(() => undefined),
    runOrFail: (lock) => lock.runOrFail(() => undefined),
    runBlocking: (lock) => lock.runBlocking(() => undefined),
    runBlockingOrFail: (lock) => lock.runBlockingOrFail(() => undefined),
  };

  let made: LazyPromise<unknown>[];
  const make = (work: AsyncLazy<unknown>) => {
    const promise = new LazyPromise(work);
    made.push(promise);
    return promise;
  };
  const forms: readonly [string, LockProviderSettings["lazyPromiseFactory"]][] = [
    ["a function", make],
    ["an object with invoke", { invoke: make }],
  ];

  beforeEach(() => {
    made = [];
  });

  describe.each(forms)("being %s", (_, lazyPromiseFactory) => {
    test.each(Object.entries(methods))("makes what %s returns", (_name, call) => {
      const lock = new LockProvider({ adapter, lazyPromiseFactory }).create("key");
      const promise = call(lock);
      expect(made.at(-1)).toBe(promise);
    });
  });

  test("can wrap all work in middlewares", async () => {
    const results: unknown[] = [];
    const provider = new LockProvider({
      adapter,
      lazyPromiseFactory: (work) =>
        new LazyPromise(work, async (args, next) => {
          const result = await next(...args);
          results.push(result);
          return result;
        }),
    });
    const lock = provider.create("key");
    expect(await lock.acquire()).toBe(true);
    expect(await lock.runOrFail(() => "never").catch(() => "refused")).toBe("refused");
    expect(results).toEqual([true, false]);
  });
});

/** Whether a lock is held for this much longer, give or take a pause of the machine. */
async function remains(lock: ILock, time: TimeSpan): Promise<boolean> {
  const remaining = await lock.getRemainingTime();
  return remaining?.lte(time) === true && remaining.gt(time.divide(2));
}
