/** A listener as an adapter gets it from the bus: it never throws and never has to be waited for. */
export type EventBusAdapterListener = (event: unknown) => void;

/** Carries the events of an `EventBus`. Names arrive with the bus's namespace in front. */
export interface IEventBusAdapter {
  /** Calls the listener for every event of the name. Adding a listener again changes nothing. */
  addListener(eventName: string, listener: EventBusAdapterListener): PromiseLike<void>;

  /** Stops calling this listener and no other. A listener that was not added is no error. */
  removeListener(eventName: string, listener: EventBusAdapterListener): PromiseLike<void>;

  /** Sends an event to all listeners of its name; rejects if it could not be sent. */
  dispatch(eventName: string, event: unknown): PromiseLike<void>;

  /**
   * Whether anybody listens to the name. Left out by adapters that cannot tell at once, because listeners may be in
   * other processes.
   */
  hasListeners?(eventName: string): boolean;
}
