import type { EventBusAdapterListener } from "../contracts/event-bus-adapter";
import type { RedisListenerClient } from "./redis-pub-sub-client";

/** Gives a message to the listeners of one adapter. Never throws. */
export type Deliver = (channel: string, message: string, listeners: ReadonlySet<EventBusAdapterListener>) => void;

/** A client to listen with, for as long as there are listeners. */
export interface ListeningConnection {
  readonly client: RedisListenerClient;
  /** Ends the connection, and its subscriptions with it. Left out where it is the caller's. */
  close?(): void;
}

/**
 * The channels that one listening connection is subscribed to, and who hears them. However many listeners there are, the
 * client has one message handler and each channel one subscription, from its first listener to its last.
 *
 * Joining and leaving a channel take turns, so that subscribing and unsubscribing cannot overtake each other.
 */
export class RedisSubscriptions {
  private static readonly ofClients = new WeakMap<RedisListenerClient, RedisSubscriptions>();

  private readonly connect: () => ListeningConnection;
  private connection: ListeningConnection | undefined = undefined;
  private readonly audiences = new Map<string, Map<Deliver, Set<EventBusAdapterListener>>>();
  private readonly turns = new Map<string, Promise<void>>();

  /** @param connect Called for the first listener, and again for the first after all were gone. */
  constructor(connect: () => ListeningConnection) {
    this.connect = connect;
  }

  /** Those of the caller's client. All adapters on one client share them: neither may unsubscribe from the other. */
  static of(client: RedisListenerClient): RedisSubscriptions {
    const subscriptions = RedisSubscriptions.ofClients.get(client) ?? new RedisSubscriptions(() => ({ client }));
    RedisSubscriptions.ofClients.set(client, subscriptions);
    return subscriptions;
  }

  /** Lets a listener hear a channel; settles when the server has taken the subscription. */
  join(channel: string, deliver: Deliver, listener: EventBusAdapterListener): Promise<void> {
    return this.inTurn(channel, async () => {
      const isFirst = !this.audiences.has(channel);
      const { client } = this.open();
      // Entered before the server knows: the first message may come with its answer.
      this.enter(channel, deliver, listener);
      if (isFirst) {
        try {
          await client.subscribe(channel);
        } catch (error) {
          this.strike(channel, deliver, listener);
          this.closeUnlessHeard();
          throw error;
        }
      }
    });
  }

  /** Ends what {@link join} began; settles when the server has ended the subscription, if that was the last listener. */
  leave(channel: string, deliver: Deliver, listener: EventBusAdapterListener): Promise<void> {
    return this.inTurn(channel, async () => {
      const { connection } = this;
      if (this.strike(channel, deliver, listener) && !this.closeUnlessHeard()) {
        await connection?.client.unsubscribe(channel);
      }
    });
  }

  /** The channels that are heard. */
  channels(): string[] {
    return [...this.audiences.keys()];
  }

  /** Forgets all listeners: their connection has ended. */
  clear(): void {
    this.audiences.clear();
    this.closeUnlessHeard();
  }

  private inTurn(channel: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.turns.get(channel) ?? Promise.resolve()).then(work);
    const end = turn
      .catch(() => undefined)
      .then(() => {
        if (this.turns.get(channel) === end) {
          this.turns.delete(channel);
        }
      });
    this.turns.set(channel, end);
    return turn;
  }

  private enter(channel: string, deliver: Deliver, listener: EventBusAdapterListener): void {
    const audience = this.audiences.get(channel) ?? new Map<Deliver, Set<EventBusAdapterListener>>();
    this.audiences.set(channel, audience.set(deliver, (audience.get(deliver) ?? new Set()).add(listener)));
  }

  // Answers whether it was the last listener of the channel.
  private strike(channel: string, deliver: Deliver, listener: EventBusAdapterListener): boolean {
    const audience = this.audiences.get(channel);
    const listeners = audience?.get(deliver);
    if (audience === undefined || listeners?.delete(listener) !== true) {
      return false;
    }
    if (listeners.size === 0) {
      audience.delete(deliver);
    }
    return audience.size === 0 && this.audiences.delete(channel);
  }

  private open(): ListeningConnection {
    if (this.connection === undefined) {
      this.connection = this.connect();
      this.connection.client.on("message", this.hear);
    }
    return this.connection;
  }

  // Answers whether that has ended the subscriptions on the server too.
  private closeUnlessHeard(): boolean {
    const { connection } = this;
    if (this.audiences.size > 0 || connection === undefined) {
      return false;
    }
    this.connection = undefined;
    connection.client.off("message", this.hear);
    connection.close?.();
    return connection.close !== undefined;
  }

  private readonly hear = (channel: string, message: string): void => {
    for (const [deliver, listeners] of [...(this.audiences.get(channel) ?? [])]) {
      deliver(channel, message, listeners);
    }
  };
}
