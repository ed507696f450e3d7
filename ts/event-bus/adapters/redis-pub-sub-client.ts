/** A Redis client that can send messages, such as a `Redis` or a `Cluster` of ioredis. */
export interface RedisDispatcherClient {
  /** Sends a message to those who listen to a channel at this moment. */
  publish(channel: string, message: string): PromiseLike<unknown>;
}

/**
 * A Redis client that can listen to messages, such as a `Redis` or a `Cluster` of ioredis. It subscribes anew by itself
 * when it has connected again.
 */
export interface RedisListenerClient {
  /** Begins to listen to a channel. Fulfilled when Redis has taken note. */
  subscribe(channel: string): PromiseLike<unknown>;
  /** Stops listening to a channel. */
  unsubscribe(channel: string): PromiseLike<unknown>;
  /** Calls a function for every message of the channels that are listened to. */
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
  /** Stops calling a function for messages. */
  off(event: "message", listener: (channel: string, message: string) => void): unknown;
}

/** A Redis client that can be duplicated, such as a `Redis` or a `Cluster` of ioredis. */
export interface RedisPubSubClient extends RedisDispatcherClient {
  /** Another client with the same settings, with a connection of its own. */
  duplicate(): RedisDuplicateClient;
  /** Calls a function when the connection is closed for good. */
  on(event: "end", listener: () => void): unknown;
  /** Stops waiting for the end. */
  off(event: "end", listener: () => void): unknown;
}

/** A Redis client that was made by duplicating another. */
export interface RedisDuplicateClient extends RedisListenerClient {
  /** Closes the connection for good. */
  disconnect(): void;
  /** Calls a function for every message of the channels that are listened to. */
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
  /** Calls a function for every error of the connection; without one, an error ends the process. */
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Calls a function when the connection is closed for good. */
  on(event: "end", listener: () => void): unknown;
  /** Stops calling a function for messages. */
  off(event: "message", listener: (channel: string, message: string) => void): unknown;
  /** Stops waiting for the end. */
  off(event: "end", listener: () => void): unknown;
}
