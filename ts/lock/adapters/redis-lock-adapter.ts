import { openProvider } from "../../native";
import { ConfigurationLockError } from "../contracts/errors";
import { NativeLockAdapter } from "./native-lock-adapter";

/** What is read of an ioredis client: where it connects to. The client itself is left alone, and stays the caller's. */
export interface RedisClient {
  /** The options the client was made with, as ioredis keeps them. */
  readonly options: RedisClientOptions;
}

/** The options of an ioredis client that say where and as whom it connects. */
export interface RedisClientOptions {
  /** Default `"localhost"`. */
  readonly host?: string | undefined;
  /** Default 6379. */
  readonly port?: number | undefined;
  /** A Unix socket, instead of a host and a port. */
  readonly path?: string | null | undefined;
  /** Default: the server's default user. */
  readonly username?: string | null | undefined;
  /** Default: none. */
  readonly password?: string | null | undefined;
  /** Default 0. */
  readonly db?: number | undefined;
  /** Stands in front of every key the client uses, and of every lock. */
  readonly keyPrefix?: string | undefined;
  /** Not supported yet. */
  readonly tls?: unknown;
  /** Not supported yet. */
  readonly sentinels?: unknown;
}

/** Settings of {@link RedisLockAdapter}. */
export interface RedisLockAdapterSettings {
  /** Where the server is: `"redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]"` or `"redis+unix:///PATH"`. */
  url: string;
  /** Stands in front of every key. Default: nothing. */
  keyPrefix?: string | undefined;
}

/** Settings of {@link RedisLockAdapter} that name a client; whatever else is in them is not used. */
export interface RedisLockAdapterClientSettings {
  /** An ioredis client, whose options are read. */
  database: RedisClient;
  /** Locks need none to be stored. */
  serde?: unknown;
}

/**
 * Locks between all processes that reach the same Redis server, 6.2 or newer, or Valkey. Of an ioredis client it takes the
 * options and connects by itself, over one connection of its own.
 */
export class RedisLockAdapter extends NativeLockAdapter {
  /**
   * Connects to nothing yet.
   *
   * @throws ConfigurationLockError if the URL or the client's options cannot be used: TLS, sentinels and clusters are not
   * supported yet.
   */
  constructor(settings: RedisClient | RedisLockAdapterClientSettings | RedisLockAdapterSettings) {
    if (isObject(settings) && "url" in settings) {
      super(openProvider(redisUrl(settings.url), { keyPrefix: settings.keyPrefix }));
      return;
    }
    const client = isObject(settings) && "database" in settings ? settings.database : settings;
    const options = optionsOf(client);
    super(openProvider(urlOf(options), { keyPrefix: options.keyPrefix }));
  }
}

function redisUrl(url: unknown): string {
  if (typeof url !== "string" || !/^redis(\+unix)?:/.test(url)) {
    throw new ConfigurationLockError('The url of a RedisLockAdapter does not begin with "redis:"; pass "redis://HOST"');
  }
  return url;
}

function optionsOf(client: unknown): RedisClientOptions {
  if (isObject(client) && "isCluster" in client && client.isCluster === true) {
    throw new ConfigurationLockError("Redis clusters are not supported yet; pass the client of a single server");
  }
  if (!isObject(client) || !("options" in client) || !isObject(client.options)) {
    throw new ConfigurationLockError("The Redis client is none; pass an ioredis client, or { url }");
  }
  return client.options;
}

function urlOf({ host, port, path, username, password, db, tls, sentinels }: RedisClientOptions): string {
  if (tls !== undefined && tls !== null) {
    throw new ConfigurationLockError("Redis over TLS is not supported yet; pass a client without the tls option");
  }
  if (sentinels !== undefined && sentinels !== null) {
    throw new ConfigurationLockError("Redis sentinels are not supported yet; pass the client of a single server");
  }
  const user = encodeURIComponent(username ?? "");
  const secret = encodeURIComponent(password ?? "");
  if (typeof path === "string") {
    return `redis+unix://${encodeURI(path)}?db=${db ?? 0}${user && `&user=${user}`}${secret && `&pass=${secret}`}`;
  }
  const name = host ?? "localhost";
  const address = `${name.includes(":") ? `[${name}]` : name}:${port ?? 6379}`;
  const credentials = user || secret ? `${user}${secret && `:${secret}`}@` : "";
  return `redis://${credentials}${address}/${db ?? 0}`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
