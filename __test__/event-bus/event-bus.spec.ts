import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LazyPromise } from "../../ts/async";
import { EventBus } from "../../ts/event-bus";
import { MemoryEventBusAdapter, NoOpEventBusAdapter } from "../../ts/event-bus/adapters";
import type { EventBusAdapterListener, EventListener, IEventBusAdapter } from "../../ts/event-bus/contracts";
import { InvalidInputError, Namespace, type StandardSchema } from "../../ts/utilities";

interface Events {
  added: { id: number };
  removed: { id: number };
}

type Added = Events["added"];

let adapter: MemoryEventBusAdapter;
let onError: ReturnType<typeof vi.fn<(error: unknown, eventName: string) => unknown>>;
let bus: EventBus<Events>;
let unhandled: unknown[];
const noteUnhandled = (reason: unknown) => unhandled.push(reason);

beforeEach(() => {
  adapter = new MemoryEventBusAdapter();
  onError = vi.fn();
  bus = new EventBus<Events>({ adapter, onError });
  unhandled = [];
  process.on("unhandledRejection", noteUnhandled);
});

afterEach(async () => {
  await nextTurn();
  process.off("unhandledRejection", noteUnhandled);
  expect(unhandled).toEqual([]);
});

const listener = () => vi.fn<(event: Added) => void>();

describe("listening", () => {
  test("a listener hears every event of its name, and no other", async () => {
    const heard = listener();
    await bus.addListener("added", heard);
    await bus.dispatch("added", { id: 1 });
    await bus.dispatch("added", { id: 2 });
    await bus.dispatch("removed", { id: 3 });
    expect(heard.mock.calls).toEqual([[{ id: 1 }], [{ id: 2 }]]);
  });

  test("a listener may be an object", async () => {
    const heard = {
      ids: [] as number[],
      invoke({ id }: Added) {
        this.ids.push(id);
      },
    };
    await bus.addListener("added", heard);
    await bus.dispatch("added", { id: 1 });
    await bus.removeListener("added", heard);
    await bus.dispatch("added", { id: 2 });
    expect(heard.ids).toEqual([1]);
  });

  test("a removed listener hears nothing more; others do", async () => {
    const [heard, other] = [listener(), listener()];
    await LazyPromise.all([bus.addListener("added", heard), bus.addListener("added", other)]);
    await bus.removeListener("added", heard);
    await bus.dispatch("added", { id: 1 });
    expect(heard).not.toHaveBeenCalled();
    expect(other).toHaveBeenCalledTimes(1);
  });

  test("removing under one name leaves the listener under another", async () => {
    const heard = listener();
    await bus.addListener("added", heard);
    await bus.addListener("removed", heard);
    await bus.removeListener("added", heard);
    await bus.dispatch("removed", { id: 1 });
    expect(heard).toHaveBeenCalledTimes(1);
  });

  test("removing a listener that was never added does nothing", async () => {
    await expect(bus.removeListener("added", listener())).resolves.toBe(undefined);
  });

  test("a listener added twice hears each event once, and is removed at once", async () => {
    const heard = listener();
    await bus.addListener("added", heard);
    await bus.addListener("added", heard);
    await bus.dispatch("added", { id: 1 });
    expect(heard).toHaveBeenCalledTimes(1);
    await bus.removeListener("added", heard);
    await bus.dispatch("added", { id: 2 });
    expect(heard).toHaveBeenCalledTimes(1);
    expect(bus.hasListeners("added")).toBe(false);
  });

  test("nothing is added, removed or sent until awaited or deferred", async () => {
    const [heard, added] = [listener(), listener()];
    await bus.addListener("added", heard);
    bus.addListener("added", added);
    bus.listenOnce("added", added);
    bus.subscribe("added", added);
    bus.subscribeOnce("added", added);
    bus.asPromise("added");
    bus.removeListener("added", heard);
    bus.dispatch("added", { id: 1 });
    await nextTurn();
    expect(heard).not.toHaveBeenCalled();
    await bus.dispatch("added", { id: 2 });
    expect(heard).toHaveBeenCalledTimes(1);
    expect(added).not.toHaveBeenCalled();
  });

  test("listeners have been called when a deferred dispatch returns", async () => {
    const heard = listener();
    bus.addListener("added", heard).defer();
    bus.dispatch("added", { id: 1 }).defer();
    expect(heard).toHaveBeenCalledTimes(1);
  });
});

describe("listening once", () => {
  test("hears the next event only, even if two come in one go", async () => {
    const heard = listener();
    await bus.listenOnce("added", heard);
    bus.dispatch("added", { id: 1 }).defer();
    bus.dispatch("added", { id: 2 }).defer();
    expect(heard.mock.calls).toEqual([[{ id: 1 }]]);
    await nextTurn();
    expect(bus.hasListeners("added")).toBe(false);
  });

  test("hears one event though it dispatches another itself", async () => {
    const heard = vi.fn(({ id }: Added) => bus.dispatch("added", { id: id + 1 }));
    await bus.listenOnce("added", heard);
    await bus.dispatch("added", { id: 1 });
    expect(heard).toHaveBeenCalledTimes(1);
  });

  test("can be removed before the event", async () => {
    const heard = listener();
    await bus.listenOnce("added", heard);
    await bus.removeListener("added", heard);
    await bus.dispatch("added", { id: 1 });
    expect(heard).not.toHaveBeenCalled();
  });

  test("can be asked for again after the event", async () => {
    const heard = listener();
    await bus.listenOnce("added", heard);
    await bus.dispatch("added", { id: 1 });
    await bus.listenOnce("added", heard);
    await bus.dispatch("added", { id: 2 });
    await bus.dispatch("added", { id: 3 });
    expect(heard.mock.calls).toEqual([[{ id: 1 }], [{ id: 2 }]]);
  });

  test("becomes permanent by adding the listener, and does not end one that is", async () => {
    const [first, second] = [listener(), listener()];
    await bus.listenOnce("added", first);
    await bus.addListener("added", first);
    await bus.addListener("added", second);
    await bus.listenOnce("added", second);
    await bus.dispatch("added", { id: 1 });
    await bus.dispatch("added", { id: 2 });
    expect(first).toHaveBeenCalledTimes(2);
    expect(second).toHaveBeenCalledTimes(2);
  });

  test("asPromise is the next event", async () => {
    const next = bus.asPromise("added");
    next.defer();
    await bus.dispatch("removed", { id: 1 });
    await bus.dispatch("added", { id: 2 });
    await bus.dispatch("added", { id: 3 });
    expect(await next).toEqual({ id: 2 });
    expect(bus.hasListeners("added")).toBe(false);
  });

  test("each asPromise waits on its own", async () => {
    const [first, second] = [bus.asPromise("added"), bus.asPromise("added")];
    first.defer();
    second.defer();
    await bus.dispatch("added", { id: 1 });
    expect(await LazyPromise.all([first, second])).toEqual([{ id: 1 }, { id: 1 }]);
  });
});

describe("subscribing", () => {
  test.each([
    ["subscribe", 2],
    ["subscribeOnce", 1],
  ] as const)("%s hears %i of two events", async (subscribeTo, count) => {
    const heard = listener();
    await bus[subscribeTo]("added", heard);
    await bus.dispatch("added", { id: 1 });
    await bus.dispatch("added", { id: 2 });
    expect(heard).toHaveBeenCalledTimes(count);
  });

  test.each(["subscribe", "subscribeOnce"] as const)("%s answers a lazy way to end it", async (subscribeTo) => {
    const [heard, other] = [listener(), listener()];
    const end = await bus[subscribeTo]("added", heard);
    await bus.addListener("added", other);
    expect(end()).toBeInstanceOf(LazyPromise);
    end();
    await nextTurn();
    expect(adapter.hasListeners("@/event-bus:_rt:added")).toBe(true);
    await end();
    await end();
    await bus.dispatch("added", { id: 1 });
    expect(heard).not.toHaveBeenCalled();
    expect(other).toHaveBeenCalledTimes(1);
  });

  test("ending an old subscription leaves a new one", async () => {
    const heard = listener();
    const end = await bus.subscribe("added", heard);
    await end();
    await bus.subscribe("added", heard);
    await end();
    await bus.dispatch("added", { id: 1 });
    expect(heard).toHaveBeenCalledTimes(1);
  });
});

describe("a listener that fails", () => {
  const failures: [string, EventListener<Added>][] = [
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", async () => Promise.reject(new Error("no"))],
    ["rejects lazily", () => new LazyPromise(() => Promise.reject(new Error("no")))],
    [
      "throws as an object",
      {
        invoke() {
          throw new Error("no");
        },
      },
    ],
  ];

  test.each(failures)("%s: others hear the event, the sender does not care, onError is told", async (_name, fail) => {
    const [before, after] = [listener(), listener()];
    await bus.addListener("added", before);
    await bus.addListener("added", fail);
    await bus.addListener("added", after);
    await expect(bus.dispatch("added", { id: 1 })).resolves.toBe(undefined);
    expect(before).toHaveBeenCalledTimes(1);
    expect(after).toHaveBeenCalledTimes(1);
    await vi.waitFor(() => expect(onError.mock.calls).toEqual([[new Error("no"), "added"]]));
  });

  test("is published on the diagnostics channel if there is no onError", async () => {
    const published = vi.fn();
    subscribe("holdfast:event-bus:error", published);
    const print = vi.spyOn(console, "error");
    try {
      const plain = new EventBus<Events>({ adapter });
      await plain.addListener("added", () => Promise.reject(new Error("no")));
      await plain.dispatch("added", { id: 1 });
      await vi.waitFor(() => expect(published).toHaveBeenCalledTimes(1));
      expect(published.mock.calls[0]?.[0]).toEqual({ error: new Error("no"), eventName: "added" });
      expect(print).not.toHaveBeenCalled();
    } finally {
      print.mockRestore();
      unsubscribe("holdfast:event-bus:error", published);
    }
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("worse");
      },
    ],
    ["rejects", () => Promise.reject(new Error("worse"))],
  ])("an onError that %s is published as well", async (_name, worse) => {
    const published = vi.fn();
    subscribe("holdfast:event-bus:error", published);
    try {
      onError.mockImplementation(worse);
      await bus.addListener("added", () => Promise.reject(new Error("no")));
      await bus.dispatch("added", { id: 1 });
      await vi.waitFor(() => expect(published).toHaveBeenCalledTimes(1));
      expect(published.mock.calls[0]?.[0]).toEqual({ error: new Error("worse"), eventName: "added" });
    } finally {
      unsubscribe("holdfast:event-bus:error", published);
    }
  });
});

describe("namespaces", () => {
  test("events travel under namespaced names", async () => {
    const dispatch = vi.spyOn(adapter, "dispatch");
    await bus.addListener("added", listener());
    await bus.dispatch("added", { id: 1 });
    expect(dispatch).toHaveBeenCalledWith("@/event-bus:_rt:added", { id: 1 });
    await new EventBus<Events>({ adapter, namespace: new Namespace("mine") }).dispatch("added", { id: 2 });
    expect(dispatch).toHaveBeenCalledWith("mine:_rt:added", { id: 2 });
  });

  test("buses on one adapter hear each other in the same namespace only", async () => {
    const [same, different] = [listener(), listener()];
    await new EventBus<Events>({ adapter }).addListener("added", same);
    await new EventBus<Events>({ adapter, namespace: new Namespace("other") }).addListener("added", different);
    await bus.dispatch("added", { id: 1 });
    expect(same).toHaveBeenCalledTimes(1);
    expect(different).not.toHaveBeenCalled();
  });

  test("any number of names is told apart", async () => {
    const wide = new EventBus({ adapter });
    const heard = vi.fn();
    for (let index = 0; index < 1_000; index += 1) {
      await wide.addListener(`name ${index}`, () => heard(index));
    }
    for (let index = 0; index < 1_000; index += 1) {
      await wide.dispatch(`name ${index}`, undefined);
    }
    expect(heard.mock.calls.flat()).toEqual(Array.from({ length: 1_000 }, (_value, index) => index));
  });

  test("a name that cannot be namespaced is a rejection", async () => {
    const wide = new EventBus({ adapter });
    await expect(wide.addListener("a_rt", listener() as never)).rejects.toBeInstanceOf(InvalidInputError);
    await expect(wide.asPromise("a_rt")).rejects.toBeInstanceOf(InvalidInputError);
    await expect(wide.dispatch("a_rt", 1)).rejects.toBeInstanceOf(InvalidInputError);
  });
});

describe("hasListeners", () => {
  test("is exact over the memory adapter, also across buses", async () => {
    const other = new EventBus<Events>({ adapter });
    expect(bus.hasListeners("added")).toBe(false);
    const end = await other.subscribe("added", listener());
    expect(bus.hasListeners("added")).toBe(true);
    expect(bus.hasListeners("removed")).toBe(false);
    await end();
    expect(bus.hasListeners("added")).toBe(false);
  });

  test("is false over the no-op adapter, and true if the adapter cannot tell", () => {
    expect(new EventBus<Events>({ adapter: new NoOpEventBusAdapter() }).hasListeners("added")).toBe(false);
    const silent: IEventBusAdapter = {
      addListener: async () => undefined,
      removeListener: async () => undefined,
      dispatch: async () => undefined,
    };
    expect(new EventBus<Events>({ adapter: silent }).hasListeners("added")).toBe(true);
  });
});

describe("an adapter that is slow or fails", () => {
  function remote() {
    const listeners = new Set<EventBusAdapterListener>();
    const fail = { add: false, remove: false, dispatch: false };
    const attempt = async (fails: boolean) => {
      await nextTurn();
      if (fails) {
        throw new Error("unreachable");
      }
    };
    const distant: IEventBusAdapter = {
      addListener: (_name, added) => attempt(fail.add).then(() => void listeners.add(added)),
      removeListener: (_name, removed) => attempt(fail.remove).then(() => void listeners.delete(removed)),
      dispatch: (_name, event) =>
        attempt(fail.dispatch).then(() => {
          for (const heard of listeners) {
            heard(event);
          }
        }),
    };
    return { fail, listeners, bus: new EventBus<Events>({ adapter: distant, onError }) };
  }

  test("removing while adding leaves nothing on the adapter", async () => {
    const { bus: distant, listeners } = remote();
    const heard = listener();
    await LazyPromise.all([distant.addListener("added", heard), distant.removeListener("added", heard)]);
    expect(listeners.size).toBe(0);
  });

  test("adding again while removing hears each event once", async () => {
    const { bus: distant, listeners } = remote();
    const heard = listener();
    await distant.addListener("added", heard);
    await LazyPromise.all([distant.removeListener("added", heard), distant.addListener("added", heard)]);
    await distant.dispatch("added", { id: 1 });
    expect(heard).toHaveBeenCalledTimes(1);
    expect(listeners.size).toBe(1);
  });

  test("adding twice at once registers once", async () => {
    const { bus: distant, listeners } = remote();
    const heard = listener();
    await LazyPromise.all([distant.addListener("added", heard), distant.addListener("added", heard)]);
    expect(listeners.size).toBe(1);
  });

  test("a failure to add rejects and can be tried again", async () => {
    const { bus: distant, fail } = remote();
    const heard = listener();
    fail.add = true;
    await expect(distant.addListener("added", heard)).rejects.toThrow("unreachable");
    await expect(distant.asPromise("added")).rejects.toThrow("unreachable");
    fail.add = false;
    await distant.addListener("added", heard);
    await distant.dispatch("added", { id: 1 });
    expect(heard).toHaveBeenCalledTimes(1);
  });

  test("removing what fails to be added is no error", async () => {
    const { bus: distant, fail } = remote();
    const heard = listener();
    fail.add = true;
    const [added, removed] = await LazyPromise.allSettled([
      distant.addListener("added", heard),
      distant.removeListener("added", heard),
    ]);
    expect([added.status, removed.status]).toEqual(["rejected", "fulfilled"]);
  });

  test("a failure to remove rejects, and the listener hears nothing more all the same", async () => {
    const { bus: distant, fail } = remote();
    const heard = listener();
    await distant.addListener("added", heard);
    fail.remove = true;
    await expect(distant.removeListener("added", heard)).rejects.toThrow("unreachable");
    await distant.dispatch("added", { id: 1 });
    expect(heard).not.toHaveBeenCalled();
  });

  test("a failure to detach a listener that has heard its one event goes to onError", async () => {
    const { bus: distant, fail } = remote();
    const heard = listener();
    await distant.listenOnce("added", heard);
    fail.remove = true;
    await distant.dispatch("added", { id: 1 });
    await distant.dispatch("added", { id: 2 });
    expect(heard).toHaveBeenCalledTimes(1);
    await vi.waitFor(() => expect(onError.mock.calls).toEqual([[new Error("unreachable"), "added"]]));
  });

  test("a failure to send rejects the dispatch", async () => {
    const { bus: distant, fail } = remote();
    fail.dispatch = true;
    await expect(distant.dispatch("added", { id: 1 })).rejects.toThrow("unreachable");
  });

  test("an adapter that throws at once is a rejection", async () => {
    const fail = () => {
      throw new Error("unreachable");
    };
    const broken = new EventBus<Events>({ adapter: { addListener: fail, removeListener: fail, dispatch: fail } });
    await expect(broken.addListener("added", listener())).rejects.toThrow("unreachable");
    await expect(broken.dispatch("added", { id: 1 })).rejects.toThrow("unreachable");
  });
});

describe("schemas", () => {
  const schema = (asynchronous: boolean): StandardSchema<Added> => ({
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        const { id } = value as Added;
        const result = id > 0 ? { value: { id } } : { issues: [{ message: "id must be positive" }] };
        return asynchronous ? Promise.resolve(result) : result;
      },
    },
  });

  describe.each([
    ["synchronous", false],
    ["asynchronous", true],
  ])("%s", (_name, asynchronous) => {
    const eventMapSchema = { added: schema(asynchronous) };

    test("an invalid event is not sent", async () => {
      const checked = new EventBus<Events>({ adapter, eventMapSchema, onError });
      const heard = listener();
      await checked.addListener("added", heard);
      const dispatched = checked.dispatch("added", { id: 0 });
      await expect(dispatched).rejects.toBeInstanceOf(InvalidInputError);
      await expect(dispatched).rejects.toThrow('Event "added" does not match its schema: id must be positive');
      expect(heard).not.toHaveBeenCalled();
    });

    test("a valid event is delivered as it was sent", async () => {
      const checked = new EventBus<Events>({ adapter, eventMapSchema, onError });
      const heard = listener();
      await checked.listenOnce("added", heard);
      const event = { id: 1, more: true };
      await checked.dispatch("added", event);
      await checked.dispatch("added", { id: 2 });
      await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1));
      expect(heard.mock.calls[0]?.[0]).toBe(event);
    });

    test("an invalid event from elsewhere does not reach listeners", async () => {
      const checked = new EventBus<Events>({ adapter, eventMapSchema, onError });
      const heard = listener();
      await checked.addListener("added", heard);
      await bus.dispatch("added", { id: 0 });
      await vi.waitFor(() => expect(onError).toHaveBeenCalledTimes(1));
      expect(onError.mock.calls[0]).toEqual([expect.any(InvalidInputError), "added"]);
      expect(heard).not.toHaveBeenCalled();
    });

    test("shouldValidateOutput: false lets it", async () => {
      const trusting = new EventBus<Events>({ adapter, eventMapSchema, onError, shouldValidateOutput: false });
      const heard = listener();
      await trusting.addListener("added", heard);
      await bus.dispatch("added", { id: 0 });
      expect(heard).toHaveBeenCalledTimes(1);
    });
  });

  test("names without a schema are not checked", async () => {
    const checked = new EventBus<Events & Record<"constructor", number>>({
      adapter,
      eventMapSchema: { added: schema(false) } as never,
    });
    await checked.dispatch("removed", { id: 0 });
    await checked.dispatch("constructor", 1);
  });

  test("a synchronous check keeps the delivery synchronous", () => {
    const checked = new EventBus<Events>({ adapter, eventMapSchema: { added: schema(false) } });
    const heard = listener();
    checked.addListener("added", heard).defer();
    checked.dispatch("added", { id: 1 }).defer();
    expect(heard).toHaveBeenCalledTimes(1);
  });
});

test("refuses what cannot work", async () => {
  expect(() => new EventBus({} as never)).toThrow(InvalidInputError);
  expect(() => new EventBus(undefined as never)).toThrow(InvalidInputError);
  await expect(bus.addListener("added", undefined as never)).rejects.toBeInstanceOf(InvalidInputError);
  await expect(bus.subscribeOnce("added", {} as never)).rejects.toBeInstanceOf(InvalidInputError);
  expect(bus.hasListeners("added")).toBe(false);
});

test("lazyPromiseFactory makes every lazy promise", async () => {
  const lazyPromiseFactory = vi.fn((work) => new LazyPromise<unknown>(work));
  const made = new EventBus<Events>({ adapter, lazyPromiseFactory });
  const heard = listener();
  const end = await made.subscribe("added", heard);
  await made.dispatch("added", { id: 1 });
  await end();
  expect(heard).toHaveBeenCalledTimes(1);
  expect(lazyPromiseFactory).toHaveBeenCalledTimes(3);
});
