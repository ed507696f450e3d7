import { invoke, type Promisable } from "../utilities/invokable";
import type { EventBusAdapterListener, IEventBusAdapter } from "./contracts/event-bus-adapter";
import type { EventListener } from "./contracts/event-listener";

/**
 * A listener's place on the adapter.
 *
 * @internal
 */
export interface Registration {
  readonly eventName: string;
  readonly channel: string;
  readonly listener: EventListener<never>;
  /** What the adapter calls. Each registration has its own, so that removing one leaves the others. */
  readonly deliver: EventBusAdapterListener;
  /** Settles when the adapter has taken it. */
  added: Promise<void>;
  once: boolean;
}

/** What the registry needs to know of its bus. */
interface ListenerRegistrySettings {
  readonly adapter: IEventBusAdapter;
  /** Throws, or rejects, if the event must not reach listeners; answers `undefined` if that is decided at once. */
  readonly check: (eventName: string, event: unknown) => Promisable<void>;
  /** Takes what goes wrong on behalf of nobody. Never throws. */
  readonly report: (error: unknown, eventName: string) => void;
}

/**
 * The listeners of one event bus. A registration is either in the map, and hears events, or out of it, and hears
 * nothing more, whatever the adapter still delivers.
 *
 * @internal
 */
export class ListenerRegistry {
  private readonly settings: ListenerRegistrySettings;
  private readonly events = new Map<string, Map<EventListener<never>, Registration>>();

  constructor(settings: ListenerRegistrySettings) {
    this.settings = settings;
  }

  /** Registers a listener, or finds it registered; the promise settles when the adapter has taken it. */
  async add(eventName: string, channel: string, listener: EventListener<never>, once: boolean): Promise<Registration> {
    let registration = this.find(eventName, listener);
    if (registration === undefined) {
      registration = this.register(eventName, channel, listener, once);
    } else {
      registration.once &&= once;
    }
    try {
      await registration.added;
    } catch (error) {
      this.forget(registration);
      throw error;
    }
    return registration;
  }

  /** The registration of a listener, or `undefined`. */
  find(eventName: string, listener: EventListener<never>): Registration | undefined {
    return this.events.get(eventName)?.get(listener);
  }

  /** Ends a registration at once; the promise settles when the adapter has let go of it. */
  async remove(registration: Registration): Promise<void> {
    if (!this.forget(registration)) {
      return;
    }
    const wasAdded = await registration.added.then(
      () => true,
      () => false,
    );
    if (wasAdded) {
      await this.settings.adapter.removeListener(registration.channel, registration.deliver);
    }
  }

  private register(eventName: string, channel: string, listener: EventListener<never>, once: boolean): Registration {
    const registration: Registration = {
      eventName,
      channel,
      listener,
      deliver: (event) => void this.deliver(registration, event),
      added: Promise.resolve(),
      once,
    };
    const listeners = this.events.get(eventName) ?? new Map<EventListener<never>, Registration>();
    this.events.set(eventName, listeners.set(listener, registration));
    const add = async () => this.settings.adapter.addListener(channel, registration.deliver);
    registration.added = add();
    return registration;
  }

  private forget(registration: Registration): boolean {
    if (!this.isHeld(registration)) {
      return false;
    }
    const listeners = this.events.get(registration.eventName);
    listeners?.delete(registration.listener);
    if (listeners?.size === 0) {
      this.events.delete(registration.eventName);
    }
    return true;
  }

  private isHeld(registration: Registration): boolean {
    return this.find(registration.eventName, registration.listener) === registration;
  }

  // Everything up to the listener's own first await happens in the call that delivers the event. Never rejects.
  private async deliver(registration: Registration, event: unknown): Promise<void> {
    const { eventName, listener } = registration;
    try {
      const checking = this.settings.check(eventName, event);
      if (checking !== undefined) {
        await checking;
      }
      if (!this.isHeld(registration)) {
        return;
      }
      if (registration.once) {
        this.remove(registration).catch((error) => this.settings.report(error, eventName));
      }
      await invoke(listener, event as never);
    } catch (error) {
      this.settings.report(error, eventName);
    }
  }
}
