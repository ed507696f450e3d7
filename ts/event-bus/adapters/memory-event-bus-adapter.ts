import { EventEmitter } from "node:events";
import type { EventBusAdapterListener, IEventBusAdapter } from "../contracts/event-bus-adapter";

/**
 * Carries events inside this process, over an `EventEmitter`. Listeners are called before `dispatch` returns. Buses that
 * share an adapter, or an emitter, and a namespace hear each other.
 */
export class MemoryEventBusAdapter implements IEventBusAdapter {
  private readonly emitter: EventEmitter;

  /**
   * Without an emitter the adapter is shared with nobody but those it is given to.
   *
   * @param emitter Carries the events. Default: a new one without a limit of listeners.
   */
  constructor(emitter: EventEmitter = new EventEmitter().setMaxListeners(0)) {
    this.emitter = emitter;
  }

  /** Calls the listener for every event of the name. Adding it again changes nothing. */
  async addListener(eventName: string, listener: EventBusAdapterListener): Promise<void> {
    if (!this.emitter.listeners(eventName).includes(listener)) {
      this.emitter.on(eventName, listener);
    }
  }

  /** Stops calling the listener. A listener that was not added is no error. */
  async removeListener(eventName: string, listener: EventBusAdapterListener): Promise<void> {
    this.emitter.off(eventName, listener);
  }

  /** Calls the listeners of the name, in the order they were added, before it returns. */
  async dispatch(eventName: string, event: unknown): Promise<void> {
    // Asked first because an emitter throws on an event named "error" that nobody listens to.
    if (this.hasListeners(eventName)) {
      this.emitter.emit(eventName, event);
    }
  }

  /** Whether anybody in this process listens to the name. */
  hasListeners(eventName: string): boolean {
    return this.emitter.listenerCount(eventName) > 0;
  }
}
