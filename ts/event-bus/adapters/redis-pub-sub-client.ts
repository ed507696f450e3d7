/** A Redis client that can send messages, such as a `Redis` or a `Cluster` of ioredis. */
export interface RedisDispatcherClient {
  publish(channel: string, message: string): PromiseLike<unknown>;
}

/**
 * A Redis client that can listen to messages, such as a `Redis` or a `Cluster` of ioredis. It subscribes anew by itself
 * when it has connected again.
 */
export interface RedisListenerClient {
  subscribe(channel: string): PromiseLike<unknown>;
  unsubscribe(channel: string): PromiseLike<unknown>;
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
  off(event: "message", listener: (channel: string, message: string) => void): unknown;
}

/** A Redis client that can be duplicated, such as a `Redis` or a `Cluster` of ioredis. */
export interface RedisPubSubClient extends RedisDispatcherClient {
  /** Another client with the same settings, with a connection of its own. */
  duplicate(): RedisDuplicateClient;
  on(event: "end", listener: () => void): unknown;
  off(event: "end", listener: () => void): unknown;
}

/** A Redis client that was made by duplicating another. */
export interface RedisDuplicateClient extends RedisListenerClient {
  /** Closes the connection for good. */
  disconnect(): void;
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  off(event: "message", listener: (channel: string, message: string) => void): unknown;
  off(event: "end", listener: () => void): unknown;
}
