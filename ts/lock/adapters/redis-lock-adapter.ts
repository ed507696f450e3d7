import { openRedisProvider, type RedisOptions } from "../../native";
import { ConfigurationLockError } from "../contracts/errors";
import { NativeLockAdapter } from "./native-lock-adapter";
import {
  isObject,
  nativeOptionsOf,
  nativeTls,
  number,
  type RedisClient,
  type RedisClusterClient,
  type RedisTlsOptions,
  text,
} from "./redis-client";

export type {
  RedisClient,
  RedisClientOptions,
  RedisClusterClient,
  RedisClusterClientOptions,
  RedisSentinelAddress,
  RedisTlsOptions,
} from "./redis-client";

/** What {@link RedisLockAdapter} can be told, however it connects. */
export interface RedisLockAdapterOptions {
  /** Stands in front of every key. Default: that of the client, else nothing. */
  keyPrefix?: string | undefined;
  /**
   * Milliseconds, 1 to an hour: no verb takes longer, connecting included. Default: that of the client, else 5000.
   */
  commandTimeout?: number | undefined;
  /** Milliseconds, 1 to an hour: no attempt to connect takes longer. Default: that of the client, else 5000. */
  connectTimeout?: number | undefined;
  /**
   * How many replicas must have heard of a grant, from 1. A grant that fewer have heard of in time is taken back, and the
   * verb fails with a `ConnectionLockError`. Default: none has to.
   */
  replicas?: number | undefined;
  /** Milliseconds that the replicas have, up to half the `commandTimeout`. Default: that, but a second at most. */
  replicasTimeout?: number | undefined;
}

/** Settings of {@link RedisLockAdapter} that name a place. */
export interface RedisLockAdapterSettings extends RedisLockAdapterOptions {
  /**
   * Where the server is: `"redis://[USER][:PASSWORD]@HOST[:PORT][/DATABASE]"`, `"redis+unix:///PATH"`,
   * `"redis+sentinel://HOST:PORT,HOST:PORT/NAME"` or `"redis+cluster://HOST:PORT,HOST:PORT"`; with `rediss` in place of
   * `redis`, the connections are encrypted.
   */
  url: string;
  /** How the connections are encrypted. Default: not at all, unless the URL says so. */
  tls?: RedisTlsOptions | undefined;
}

/** Settings of {@link RedisLockAdapter} that name a client; whatever else is in them is not used. */
export interface RedisLockAdapterClientSettings extends RedisLockAdapterOptions {
  /** An ioredis client, whose options are read. */
  database: RedisClient | RedisClusterClient;
  /** Locks need none to be stored. */
  serde?: unknown;
}

/**
 * Locks between all processes that reach the same Redis, 6.2 or newer, or Valkey: a server, the master that sentinels watch
 * over, or a cluster. Of an ioredis client it takes the options and connects by itself, over one connection of its own to
 * each server.
 */
export class RedisLockAdapter extends NativeLockAdapter {
  /**
   * Connects to nothing yet.
   *
   * @throws ConfigurationLockError if the URL, the client's options or the settings cannot be used.
   */
  constructor(settings: RedisClient | RedisClusterClient | RedisLockAdapterClientSettings | RedisLockAdapterSettings) {
    super(openRedisProvider(nativeOptions(settings)));
  }
}

function nativeOptions(settings: unknown): RedisOptions {
  if (isObject(settings) && "url" in settings) {
    return { isCluster: false, url: redisUrl(settings.url), tls: nativeTls(settings.tls), ...ownOptions(settings) };
  }
  if (isObject(settings) && "database" in settings) {
    return { ...nativeOptionsOf(settings.database), ...ownOptions(settings) };
  }
  return nativeOptionsOf(settings);
}

/** Those that are given; they go before those of a client. */
function ownOptions(settings: Record<string, unknown>): Partial<RedisOptions> {
  const options = {
    keyPrefix: text("keyPrefix", settings.keyPrefix),
    commandTimeout: number("commandTimeout", settings.commandTimeout),
    connectTimeout: number("connectTimeout", settings.connectTimeout),
    replicas: number("replicas", settings.replicas),
    replicasTimeout: number("replicasTimeout", settings.replicasTimeout),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function redisUrl(url: unknown): string {
  if (typeof url !== "string" || !/^rediss?(\+[a-z]+)?:/.test(url)) {
    throw new ConfigurationLockError('The url of a RedisLockAdapter does not begin with "redis:"; pass "redis://HOST"');
  }
  return url;
}
