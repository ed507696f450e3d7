import type { RedisOptions } from "../../native";
import { ConfigurationLockError } from "../contracts/errors";

/** What is read of an ioredis client of a server or of sentinels. It is left alone, and stays the caller's. */
export interface RedisClient {
  /** The options the client was made with, as ioredis keeps them. */
  readonly options: RedisClientOptions;
}

/** Where a sentinel is. */
export interface RedisSentinelAddress {
  /** Default `"127.0.0.1"`. */
  readonly host?: string | undefined;
  /** Default 26379. */
  readonly port?: number | undefined;
}

/** What is read of an ioredis client of a cluster. It is left alone, and stays the caller's. */
export interface RedisClusterClient {
  /** Tells it from other clients. */
  readonly isCluster: boolean;
  /** The options the client was made with, as ioredis keeps them. */
  readonly options: RedisClusterClientOptions;
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
  /** Encrypts the connection: see {@link RedisTlsOptions}. */
  readonly tls?: unknown;
  /** Sentinels that tell where the master is. */
  readonly sentinels?: readonly RedisSentinelAddress[] | null | undefined;
  /** The name of the master at the sentinels. */
  readonly name?: string | null | undefined;
  /** Default: the default user of the sentinels. */
  readonly sentinelUsername?: string | null | undefined;
  /** Default: none. */
  readonly sentinelPassword?: string | null | undefined;
  /** Encrypts the connections to the sentinels. */
  readonly sentinelTLS?: unknown;
  /** With sentinels, `tls` is used only if this is `true`. */
  readonly enableTLSForSentinelMode?: boolean | undefined;
  /** Addresses behind a NAT. A function is not supported. */
  readonly natMap?: unknown;
  /** Milliseconds; longest time for a verb. */
  readonly commandTimeout?: number | undefined;
  /** Milliseconds; longest time for a connection. */
  readonly connectTimeout?: number | undefined;
}

/** The options of an ioredis client of a cluster that are read. */
export interface RedisClusterClientOptions {
  /** Of the connections to the nodes. */
  readonly redisOptions?: RedisClientOptions | undefined;
  /** Stands in front of every key the client uses, and of every lock. */
  readonly keyPrefix?: string | undefined;
  /** Addresses behind a NAT. A function is not supported. */
  readonly natMap?: unknown;
}

/** How connections are encrypted; the names and the meanings are those of Node.js. Certificates and keys are PEM. */
export interface RedisTlsOptions {
  /** Authorities to trust instead of those of the system. */
  ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** The certificate this side shows, with its chain. */
  cert?: string | Uint8Array | undefined;
  /** The key to it, without a passphrase. */
  key?: string | Uint8Array | undefined;
  /** `false`: any certificate of the server is accepted. Default `true`. */
  rejectUnauthorized?: boolean | undefined;
  /** The name that the server's certificate must be for. Default: the host. */
  servername?: string | undefined;
}

/** What Node.js can do and the engine cannot. Leaving it out silently would trust others, or be trusted by none. */
const UNSUPPORTED_TLS = ["pfx", "passphrase", "checkServerIdentity", "secureContext", "ciphers", "crl"];

/** What to connect to, as a client does. */
export function nativeOptionsOf(client: unknown): RedisOptions {
  if (!isObject(client) || !isObject(client.options)) {
    throw new ConfigurationLockError("The Redis client is none; pass an ioredis client, or { url }");
  }
  return client.isCluster === true ? clusterOptions(client) : serverOptions(client.options as RedisClientOptions);
}

function serverOptions(options: RedisClientOptions): RedisOptions {
  const { host, port, path, db, keyPrefix, sentinels, natMap } = options;
  const common = { ...sessionOptions(options), database: whole("db", db), keyPrefix: text("keyPrefix", keyPrefix) };
  if (sentinels !== undefined && sentinels !== null) {
    const name = text("name", options.name);
    if (name === undefined) {
      throw new ConfigurationLockError("The Redis client has sentinels and no name; pass the name of the master");
    }
    return {
      ...common,
      isCluster: false,
      nodes: list("sentinels", sentinels).map((sentinel) => address("sentinels", sentinel, 26_379)),
      tls: options.enableTLSForSentinelMode === true ? nativeTls(options.tls) : undefined,
      translation: translation(natMap),
      sentinel: {
        name,
        credentials: {
          username: text("sentinelUsername", options.sentinelUsername),
          password: text("sentinelPassword", options.sentinelPassword),
        },
        tls: nativeTls(options.sentinelTLS),
      },
    };
  }
  const socket = text("path", path);
  if (socket !== undefined) {
    return { ...common, isCluster: false, path: socket };
  }
  return { ...common, isCluster: false, nodes: [address("host", { host, port }, 6379)], tls: nativeTls(options.tls) };
}

function clusterOptions(client: Record<string, unknown>): RedisOptions {
  const options = client.options as RedisClusterClientOptions & { readonly useSRVRecords?: unknown };
  if (options.useSRVRecords === true) {
    throw new ConfigurationLockError("Redis clusters named by SRV records are not supported; pass nodes or { url }");
  }
  // Where ioredis keeps what it was given, in versions 5 and 6.
  const nodes = list("startupNodes", client.startupNodes).map(startupNode);
  const redisOptions = options.redisOptions ?? {};
  return {
    ...sessionOptions({ ...nodes[0], ...withoutGaps(redisOptions) }),
    isCluster: true,
    nodes: nodes.map((node) => address("startupNodes", node, 6379)),
    keyPrefix: text("keyPrefix", options.keyPrefix ?? redisOptions.keyPrefix),
    tls: nativeTls(redisOptions.tls ?? nodes[0]?.tls),
    translation: translation(options.natMap),
  };
}

function sessionOptions({ username, password, commandTimeout, connectTimeout }: RedisClientOptions) {
  return {
    credentials: { username: text("username", username), password: text("password", password) },
    commandTimeout: number("commandTimeout", commandTimeout),
    connectTimeout: number("connectTimeout", connectTimeout),
  };
}

/** A node may be named by a port, a URL, or options. */
function startupNode(node: unknown): RedisClientOptions {
  if (typeof node === "number") {
    return { port: node };
  }
  if (typeof node !== "string") {
    return isObject(node) ? node : {};
  }
  if (/^\d+$/.test(node)) {
    return { port: Number(node) };
  }
  const url = new URL(/^rediss?:\/\//.test(node) ? node : `redis://${node}`);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? undefined : Number(url.port),
    username: url.username === "" ? undefined : decodeURIComponent(url.username),
    password: url.password === "" ? undefined : decodeURIComponent(url.password),
    tls: url.protocol === "rediss:" ? {} : undefined,
  };
}

/** Of the `tls` option, which ioredis also sets to `true` for a `rediss://` URL. */
export function nativeTls(tls: unknown): RedisOptions["tls"] {
  if (tls === undefined || tls === null || tls === false) {
    return undefined;
  }
  const options: Record<string, unknown> = isObject(tls) ? tls : {};
  const unsupported = UNSUPPORTED_TLS.find((name) => options[name] !== undefined && options[name] !== null);
  if (unsupported !== undefined) {
    throw new ConfigurationLockError(
      `The tls option ${unsupported} is not supported for locks; pass a client without it, or { url, tls }`,
    );
  }
  const { ca, cert, key, rejectUnauthorized, servername } = options;
  return {
    ca: (Array.isArray(ca) ? ca : [ca]).flatMap((authority) => pem("ca", authority) ?? []),
    cert: pem("cert", cert),
    key: pem("key", key),
    rejectUnauthorized: rejectUnauthorized !== false,
    servername: text("servername", servername),
  };
}

function translation(natMap: unknown): RedisOptions["translation"] {
  if (natMap === undefined || natMap === null) {
    return undefined;
  }
  if (!isObject(natMap)) {
    throw new ConfigurationLockError("The natMap of the Redis client is a function; pass a client with an object");
  }
  return Object.entries(natMap).map(([from, to]) => ({ from, to: address("natMap", to, 6379) }));
}

function address(name: string, place: unknown, defaultPort: number): { host: string; port: number } {
  const { host, port } = isObject(place) ? place : {};
  return {
    host: text(`host of ${name}`, host) ?? (name === "host" ? "localhost" : "127.0.0.1"),
    port: whole(`port of ${name}`, port) ?? defaultPort,
  };
}

function pem(name: string, value: unknown): string | undefined {
  return value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : text(name, value);
}

/** `undefined` where there is none. */
export function text(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") {
    return undefined;
  }
  if (typeof value !== "string") {
    throw new ConfigurationLockError(`The ${name} for Redis is not a string; pass a string, or leave it out`);
  }
  return value;
}

/** `undefined` where there is none. Its range is known to the engine. */
export function number(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== "number") {
    throw new ConfigurationLockError(`The ${name} for Redis is not a number; pass a number, or leave it out`);
  }
  return value;
}

/** ioredis takes numbers as text too. */
function whole(name: string, value: unknown): number | undefined {
  return number(name, typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value);
}

function list(name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new ConfigurationLockError(`The Redis client has no ${name}; pass a client with one at least, or { url }`);
  }
  return value;
}

function withoutGaps(options: RedisClientOptions): RedisClientOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
