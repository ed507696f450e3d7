import { EventEmitter } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { MemoryEventBusAdapter, NoOpEventBusAdapter } from "../../ts/event-bus/adapters";

describe("MemoryEventBusAdapter", () => {
  test("calls listeners before dispatch returns, in order", async () => {
    const adapter = new MemoryEventBusAdapter();
    const heard: string[] = [];
    await adapter.addListener("name", (event) => heard.push(`first ${event}`));
    await adapter.addListener("name", (event) => heard.push(`second ${event}`));
    await adapter.addListener("other", (event) => heard.push(`other ${event}`));
    const dispatched = adapter.dispatch("name", "event");
    expect(heard).toEqual(["first event", "second event"]);
    await dispatched;
  });

  test("adds a listener once and removes only that one", async () => {
    const adapter = new MemoryEventBusAdapter();
    const [heard, other] = [vi.fn(), vi.fn()];
    await adapter.addListener("name", heard);
    await adapter.addListener("name", heard);
    await adapter.addListener("name", other);
    await adapter.dispatch("name", 1);
    expect(heard).toHaveBeenCalledTimes(1);
    await adapter.removeListener("name", heard);
    await adapter.removeListener("name", heard);
    await adapter.dispatch("name", 2);
    expect(heard).toHaveBeenCalledTimes(1);
    expect(other).toHaveBeenCalledTimes(2);
  });

  test("knows whether anybody listens", async () => {
    const adapter = new MemoryEventBusAdapter();
    const heard = vi.fn();
    expect(adapter.hasListeners("name")).toBe(false);
    await adapter.addListener("name", heard);
    expect(adapter.hasListeners("name")).toBe(true);
    await adapter.removeListener("name", heard);
    expect(adapter.hasListeners("name")).toBe(false);
  });

  test("carries events over a given emitter", async () => {
    const emitter = new EventEmitter();
    const [sender, receiver] = [new MemoryEventBusAdapter(emitter), new MemoryEventBusAdapter(emitter)];
    const [heard, outside] = [vi.fn(), vi.fn()];
    await receiver.addListener("name", heard);
    emitter.on("name", outside);
    await sender.dispatch("name", 1);
    expect(heard).toHaveBeenCalledWith(1);
    expect(outside).toHaveBeenCalledWith(1);
  });

  test('treats "error" as any other name', async () => {
    const adapter = new MemoryEventBusAdapter();
    await expect(adapter.dispatch("error", new Error("no"))).resolves.toBe(undefined);
  });

  test("takes many listeners without a warning", async () => {
    const warning = vi.spyOn(process, "emitWarning");
    try {
      const adapter = new MemoryEventBusAdapter();
      for (let index = 0; index < 50; index += 1) {
        await adapter.addListener("name", () => index);
      }
      expect(warning).not.toHaveBeenCalled();
    } finally {
      warning.mockRestore();
    }
  });
});

describe("NoOpEventBusAdapter", () => {
  test("drops everything", async () => {
    const adapter = new NoOpEventBusAdapter();
    const heard = vi.fn();
    await (adapter.addListener as (name: string, listener: unknown) => Promise<void>)("name", heard);
    await (adapter.dispatch as (name: string, event: unknown) => Promise<void>)("name", 1);
    await adapter.removeListener();
    expect(heard).not.toHaveBeenCalled();
    expect(adapter.hasListeners()).toBe(false);
  });
});
