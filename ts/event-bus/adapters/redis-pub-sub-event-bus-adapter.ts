import type { ISerde } from "../../serde/contracts/serde";
import { InvalidInputError, UnexpectedError } from "../../utilities/errors";
import type { EventBusAdapterListener, IEventBusAdapter } from "../contracts/event-bus-adapter";
import { type EventErrorHandler, reportError } from "../error-report";
import type { RedisDispatcherClient, RedisListenerClient, RedisPubSubClient } from "./redis-pub-sub-client";
import { type ListeningConnection, RedisSubscriptions } from "./redis-subscriptions";

/** Settings of {@link RedisPubSubEventBusAdapter}, whatever its clients. */
interface RedisPubSubSettings {
  /** Makes text of events. Every process on the channels needs the same classes registered with its own. */
  serde: ISerde<string>;
  /**
   * Takes the errors that belong to no caller: a message that cannot be deserialized, or a lost connection, with the
   * namespaced name of the event. Default: publishes `{ error, eventName }` on the `node:diagnostics_channel` channel
   * `holdfast:event-bus:error`; so does an error of this function itself.
   */
  onError?: EventErrorHandler | undefined;
}

/** Settings of {@link RedisPubSubEventBusAdapter} with two clients of the caller's. */
export interface RedisPubSubClientsSettings extends RedisPubSubSettings {
  /** Sends the events. It can be used for anything else as well. */
  dispatcherClient: RedisDispatcherClient;
  /**
   * Listens. Redis lets a connection that listens do little else, so it must be another client. Several adapters may
   * share it; other code must not unsubscribe it from their channels.
   */
  listenerClient: RedisListenerClient;
  /** Left out: there are two clients. */
  client?: undefined;
}

/** Settings of {@link RedisPubSubEventBusAdapter} with one client of the caller's. */
export interface RedisPubSubClientSettings extends RedisPubSubSettings {
  /**
   * Sends the events, and can be used for anything else as well. While there are listeners, a duplicate of it listens;
   * that is closed with the last listener, or when this client ends, and with it all listening.
   */
  client: RedisDispatcherClient & RedisPubSubClient;
  /** Left out: `client` sends. */
  dispatcherClient?: undefined;
  /** Left out: a duplicate of `client` listens. */
  listenerClient?: undefined;
}

/** Settings of {@link RedisPubSubEventBusAdapter}: one client or two. */
export type RedisPubSubEventBusAdapterSettings = RedisPubSubClientsSettings | RedisPubSubClientSettings;

/**
 * Carries events between processes, over the publish and subscribe of Redis, with clients such as those of ioredis.
 *
 * An event reaches those who listen at that moment: Redis keeps none for later, and none for a listener whose connection
 * is down. The name of the event, with its namespace, is the channel.
 */
export class RedisPubSubEventBusAdapter implements IEventBusAdapter {
  private readonly dispatcher: RedisDispatcherClient;
  private readonly subscriptions: RedisSubscriptions;
  private readonly serde: ISerde<string>;
  private readonly onError: EventErrorHandler | undefined;

  /**
   * Sends nothing to Redis.
   *
   * @throws InvalidInputError if a client or the serde is missing.
   */
  constructor(settings: RedisPubSubEventBusAdapterSettings) {
    if (typeof settings?.serde?.deserialize !== "function") {
      throw new InvalidInputError(
        "A RedisPubSubEventBusAdapter needs a serde; pass one such as new Serde(new SuperJsonSerdeAdapter())",
      );
    }
    this.serde = settings.serde;
    this.onError = settings.onError;
    if (typeof settings.client?.duplicate === "function") {
      const { client } = settings;
      this.dispatcher = client;
      this.subscriptions = new RedisSubscriptions(() => this.duplicate(client));
    } else if (
      typeof settings.dispatcherClient?.publish === "function" &&
      typeof settings.listenerClient?.subscribe === "function"
    ) {
      this.dispatcher = settings.dispatcherClient;
      this.subscriptions = RedisSubscriptions.of(settings.listenerClient);
    } else {
      throw new InvalidInputError(
        "A RedisPubSubEventBusAdapter needs ioredis clients; pass { client } or { dispatcherClient, listenerClient }",
      );
    }
  }

  /**
   * Calls the listener for every event of the name, sent by any process. Adding it again changes nothing. It rejects,
   * and the listener is not added, if Redis cannot be asked to deliver them.
   */
  addListener(eventName: string, listener: EventBusAdapterListener): Promise<void> {
    return this.subscriptions.join(eventName, this.deliver, listener);
  }

  /**
   * Stops calling the listener. A listener that was not added is no error. It rejects if Redis cannot be asked to stop
   * delivering; the listener is not called even then.
   */
  removeListener(eventName: string, listener: EventBusAdapterListener): Promise<void> {
    return this.subscriptions.leave(eventName, this.deliver, listener);
  }

  /**
   * Sends an event to the listeners of its name in all processes; settles when Redis has it.
   *
   * @throws SerializationSerdeError (as a rejection) if the event cannot be serialized; else with what the client says.
   */
  async dispatch(eventName: string, event: unknown): Promise<void> {
    await this.dispatcher.publish(eventName, this.serde.serialize(event));
  }

  // Known to the subscriptions by its identity. Nothing may escape: it would surface inside the client.
  private readonly deliver = (
    eventName: string,
    message: string,
    listeners: ReadonlySet<EventBusAdapterListener>,
  ): void => {
    try {
      const event: unknown = this.serde.deserialize(message);
      for (const listener of [...listeners]) {
        this.call(listener, event, eventName);
      }
    } catch (error) {
      reportError(this.onError, error, eventName);
    }
  };

  private call(listener: EventBusAdapterListener, event: unknown, eventName: string): void {
    try {
      listener(event);
    } catch (error) {
      reportError(this.onError, error, eventName);
    }
  }

  private duplicate(client: RedisPubSubClient): ListeningConnection {
    const duplicate = client.duplicate();
    const stop = () => this.subscriptions.clear();
    const lose = () => {
      this.reportAll(
        new UnexpectedError("The connection that listened to this event has ended; add the listeners again"),
      );
      stop();
    };
    // Without a handler the client would print its errors.
    duplicate.on("error", (error) => this.reportAll(error));
    duplicate.on("end", lose);
    client.on("end", stop);
    return {
      client: duplicate,
      close: () => {
        client.off("end", stop);
        duplicate.off("end", lose);
        duplicate.disconnect();
      },
    };
  }

  private reportAll(error: Error): void {
    for (const eventName of this.subscriptions.channels()) {
      reportError(this.onError, error, eventName);
    }
  }
}
