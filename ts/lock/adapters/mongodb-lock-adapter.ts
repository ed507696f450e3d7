import { type NativeMongodbPlace, openMongodb } from "../../native";
import { ConfigurationLockError } from "../contracts/errors";
import { type MongodbPlace, placeOf } from "./mongodb-client";
import { NativeLockAdapter } from "./native-lock-adapter";

/** What is used of a `Db` of the mongodb driver, 6 or 7. Its client's options are read, and the client is left alone. */
export interface MongodbDatabase {
  /** The database that the leases are in. */
  readonly databaseName: string;
}

/** What is used of a connection of mongoose: its database, once it is connected. */
export interface MongooseConnection {
  /** The database; absent before the connection is made. */
  readonly db?: object | undefined;
  /** See mongoose; a connection has one, and a database has not. */
  readonly readyState: number;
  /** Calls a listener at the next event of that name. */
  once(event: string, listener: () => void): unknown;
}

/** What both kinds of settings of {@link MongodbLockAdapter} have. */
export interface MongodbLockAdapterOptions {
  /** Collection of the leases. Default `"lock"`. */
  collectionName?: string | undefined;
  /** Milliseconds until a server and a connection to it must be had, 1 to 600000. Default 5000. */
  connectTimeout?: number | undefined;
  /** Milliseconds until a command that was sent must be answered, 1 to 600000. Default 5000. */
  commandTimeout?: number | undefined;
}

/** Settings of {@link MongodbLockAdapter} that name a URL. */
export interface MongodbLockAdapterSettings extends MongodbLockAdapterOptions {
  /**
   * `"mongodb://"` or `"mongodb+srv://"`, as MongoDB's drivers read it. Concerns, read preference, retries and timeouts in
   * it are not used.
   */
  url: string;
  /** Default: the one in the path of the URL, else `"test"`. */
  database?: string | undefined;
}

/** Settings of {@link MongodbLockAdapter} that name a client. */
export interface MongodbLockAdapterDatabaseSettings extends MongodbLockAdapterOptions {
  /** A `Db` of the mongodb driver, or a connection of mongoose, which may be connected later. */
  database: MongodbDatabase | MongooseConnection;
  /** Taken for compatibility and not used: the adapter decides on concerns and read preference. */
  collectionSettings?: unknown;
}

/**
 * Locks between all processes that use the same collection of a MongoDB deployment, 4.4 or newer. Of a client of the
 * application it takes the connection options, and connects by itself.
 *
 * `deInit()` deletes what `removeAllExpired()` does, and leaves the collection: MongoDB cannot drop one on condition that
 * nobody holds a lock in it.
 */
export class MongodbLockAdapter extends NativeLockAdapter {
  /**
   * Connects to nothing yet.
   *
   * @throws ConfigurationLockError if a setting cannot be used, or if the client has options that cannot be taken over,
   * such as an authentication callback, automatic encryption or a proxy; pass `{ url }` then. Of a mongoose connection
   * that is not connected yet, the latter is told at the first use.
   */
  constructor(settings: MongodbLockAdapterSettings | MongodbLockAdapterDatabaseSettings) {
    if (typeof settings !== "object" || settings === null) {
      throw new ConfigurationLockError("A MongodbLockAdapter has no settings; pass { database } or { url }");
    }
    const options = optionsOf(settings);
    if ("url" in settings) {
      super(openMongodb({ ...options, ...urlOf(settings) }, unasked));
      return;
    }
    const { database } = settings;
    const connected = connectedDatabase(database);
    if (connected !== undefined) {
      super(openMongodb({ ...options, ...placeOf(connected) }, unasked));
      return;
    }
    super(openMongodb(options, locator(database as MongooseConnection)));
  }
}

function optionsOf({ collectionName, connectTimeout, commandTimeout }: MongodbLockAdapterOptions) {
  return {
    ...checked("collectionName", "string", collectionName),
    ...checked("connectTimeout", "number", connectTimeout),
    ...checked("commandTimeout", "number", commandTimeout),
  };
}

function urlOf({ url, database }: MongodbLockAdapterSettings): MongodbPlace {
  if (typeof url !== "string") {
    throw new ConfigurationLockError('The url of a MongodbLockAdapter is no text; pass "mongodb://HOST/DATABASE"');
  }
  return { url, ...checked("database", "string", database) };
}

// What the values may be is checked by the engine, which takes nothing of another type.
function checked<Name extends string, Value>(
  name: Name,
  type: "string" | "number",
  value: Value | undefined,
): { [name in Name]?: Value } {
  if (value === undefined) {
    return {};
  }
  if (typeof value !== type) {
    throw new ConfigurationLockError(`The ${name} of a MongodbLockAdapter is no ${type}; pass one, or leave it out`);
  }
  return { [name]: value } as { [name in Name]?: Value };
}

/** `undefined`: a mongoose connection that has none yet. */
function connectedDatabase(database: MongodbDatabase | MongooseConnection): object | undefined {
  if (typeof database !== "object" || database === null) {
    throw new ConfigurationLockError("The database is none; pass a Db or a mongoose connection, or { url }");
  }
  return "readyState" in database ? database.db : database;
}

/** Waits for a mongoose connection to be made. The engine waits no longer than its timeout, and may ask again. */
function locator(connection: MongooseConnection): () => Promise<NativeMongodbPlace> {
  let connecting: Promise<void> | undefined;
  return async () => {
    if (connection.db === undefined) {
      connecting ??= new Promise((resolve) => {
        connection.once("connected", resolve);
      });
      await connecting;
    }
    try {
      return placeOf(connection.db as object);
    } catch (error) {
      return { refusal: (error as Error).message };
    }
  };
}

/** For settings that say everything. */
async function unasked(): Promise<NativeMongodbPlace> {
  return { refusal: "The place of the database is known" };
}
