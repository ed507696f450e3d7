import type { NativePassword, SqlServer } from "../../native";
import type { Promisable } from "../../utilities/invokable";
import { type ITimeSpan, TimeSpan } from "../../utilities/time-span";
import { ConfigurationLockError } from "../contracts/errors";

/** How the connections to a server are encrypted. */
export interface SslSettings {
  /**
   * `"disable"`: not at all. `"prefer"`: if the server can. `"require"`: always, whoever the server is. `"verify-ca"`: its
   * certificate must be vouched for as well. `"verify-full"`: and name the host. Default `"verify-full"`.
   */
  mode?: "disable" | "prefer" | "require" | "verify-ca" | "verify-full" | undefined;
  /** An authority that may vouch for the server, beside those of the system: a path, or PEM itself. Default: none. */
  ca?: string | undefined;
  /** The certificate this client shows: a path, or PEM itself. With `key`, or not at all. Default: none. */
  cert?: string | undefined;
  /** The private key of `cert`: a path, or PEM itself. Default: none. */
  key?: string | undefined;
}

/** What the adapters that connect to an SQL server by themselves have in common. */
export interface SqlServerSettings {
  /** Where the server is and who asks. What is also set by another setting is overridden by it. */
  url?: string | undefined;
  /** Default `"localhost"`. */
  host?: string | undefined;
  /** Default: the port this kind of server usually has. */
  port?: number | undefined;
  /** Path of a Unix socket, or for PostgreSQL of the directory it is in, instead of a host. */
  socket?: string | undefined;
  /** Default: what the driver of the engine takes for it; best set. */
  user?: string | undefined;
  /**
   * A function is asked for each connection, so that the password may change; what it throws fails those who need the
   * connection, with a `ConfigurationLockError`. Default: none.
   */
  password?: string | (() => Promisable<string>) | undefined;
  /** Name of the database that the table is in. */
  database?: string | undefined;
  /** `true` is `{ mode: "verify-full" }`, `false` is `{ mode: "disable" }`. Default: what the URL says, else `"prefer"`. */
  ssl?: boolean | SslSettings | undefined;
  /** How many connections at most: 1 to 100. More than one is used only for what is asked at the same time. Default 4. */
  maxConnections?: number | undefined;
  /** For opening a connection and for waiting for a free one: a millisecond to an hour. Default 5 seconds. */
  connectTimeout?: ITimeSpan | undefined;
  /** For the answer to a statement: a millisecond to an hour. Default 10 seconds. */
  statementTimeout?: ITimeSpan | undefined;
  /** How often expired rows are deleted in the background, give or take a half. Default: a minute. */
  expiredKeysRemovalInterval?: ITimeSpan | undefined;
  /** Whether expired rows are deleted in the background. They never count as held either way. Default `true`. */
  shouldRemoveExpiredKeys?: boolean | undefined;
  /** Table of the leases: 1 to 48 ASCII letters, digits and underscores. Default `"lock"`. */
  tableName?: string | undefined;
}

/** The settings as the engine takes them; what is of a wrong type is refused here, and all else there. */
export function nativeSqlServer(adapter: string, settings: SqlServerSettings): SqlServer {
  if (typeof settings !== "object" || settings === null) {
    throw new ConfigurationLockError(`The settings of a ${adapter} are none; pass { url }`);
  }
  const ssl = sslOf(adapter, settings.ssl);
  const sweeps = typed(adapter, settings, "shouldRemoveExpiredKeys", "boolean") ?? true;
  return {
    url: typed(adapter, settings, "url", "string"),
    host: typed(adapter, settings, "host", "string"),
    port: whole(adapter, settings, "port", 65_535),
    socket: typed(adapter, settings, "socket", "string"),
    user: typed(adapter, settings, "user", "string"),
    password: typeof settings.password === "function" ? undefined : typed(adapter, settings, "password", "string"),
    database: typed(adapter, settings, "database", "string"),
    sslMode: typed(adapter, ssl, "mode", "string"),
    sslAuthority: typed(adapter, ssl, "ca", "string"),
    sslCertificate: typed(adapter, ssl, "cert", "string"),
    sslKey: typed(adapter, ssl, "key", "string"),
    maxConnections: whole(adapter, settings, "maxConnections", 100),
    connectTimeout: milliseconds(settings.connectTimeout),
    statementTimeout: milliseconds(settings.statementTimeout),
    sweepInterval: sweeps ? milliseconds(settings.expiredKeysRemovalInterval) : 0,
    tableName: typed(adapter, settings, "tableName", "string"),
  };
}

/** The function that the engine asks for a password; none if it was set as text. */
export function passwordFunction({ password }: SqlServerSettings): (() => Promise<NativePassword>) | undefined {
  if (typeof password !== "function") {
    return undefined;
  }
  return async () => {
    try {
      const text = await password();
      return typeof text === "string" ? { text } : { failure: "it answered no text" };
    } catch (error) {
      return { failure: error instanceof Error ? error.message : String(error) };
    }
  };
}

/** A setting that is of this type, or left out. */
export function typed<Settings extends object, Name extends keyof Settings & string>(
  adapter: string,
  settings: Settings,
  name: Name,
  type: "string" | "boolean" | "number",
): Exclude<Settings[Name], (...parameters: never) => unknown> | undefined {
  const value: unknown = settings[name];
  if (value !== undefined && typeof value !== type) {
    throw new ConfigurationLockError(`The ${name} of a ${adapter} is no ${type}; pass one, or leave it out`);
  }
  return value as never;
}

function whole<Name extends "port" | "maxConnections">(
  adapter: string,
  settings: SqlServerSettings,
  name: Name,
  most: number,
): number | undefined {
  const value: number | undefined = typed(adapter, settings, name, "number");
  if (value !== undefined && !(Number.isInteger(value) && value >= 1 && value <= most)) {
    throw new ConfigurationLockError(`The ${name} of a ${adapter} is ${value}; pass a whole number from 1 to ${most}`);
  }
  return value;
}

function sslOf(adapter: string, ssl: unknown): SslSettings {
  if (ssl === undefined) {
    return {};
  }
  if (typeof ssl === "boolean") {
    return { mode: ssl ? "verify-full" : "disable" };
  }
  if (typeof ssl !== "object" || ssl === null) {
    throw new ConfigurationLockError(
      `The ssl of a ${adapter} is no setting; pass true, false or { mode, ca, cert, key }`,
    );
  }
  return { mode: "verify-full", ...ssl };
}

function milliseconds(timeSpan: ITimeSpan | undefined): number | undefined {
  return timeSpan === undefined ? undefined : TimeSpan.fromTimeSpan(timeSpan).toMilliseconds();
}
