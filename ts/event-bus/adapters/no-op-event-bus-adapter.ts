import type { IEventBusAdapter } from "../contracts/event-bus-adapter";

/** Carries nothing: events are dropped and listeners never called. It turns events off. */
export class NoOpEventBusAdapter implements IEventBusAdapter {
  /** Does nothing. */
  async addListener(): Promise<void> {}

  /** Does nothing. */
  async removeListener(): Promise<void> {}

  /** Drops the event. */
  async dispatch(): Promise<void> {}

  /** Always `false`. */
  hasListeners(): boolean {
    return false;
  }
}
