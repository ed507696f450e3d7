import { createRequire } from "node:module";
import { join } from "node:path";
import type DLocks from ".";
import { type DriverCollection, LockCollection } from "./lock-collection";

interface Client {
  db(): { collection(name: string): DriverCollection };
  close(): Promise<void>;
}

/** How the replaced package calls its collection. */
const COLLECTION = "locks";
/** After this many milliseconds without a lock, a client of ours is closed: open, it would keep the process alive. */
const IDLE = 1_000;

/** Where locks are kept. */
export interface Source {
  /** The collection, for one use; {@link Source.leave} ends it. */
  enter(): LockCollection;
  leave(): void;
}

/** Over a connection of the application, which is left alone otherwise. */
export function overConnection(connection: DLocks.Connection): Source {
  const database = "collection" in connection ? connection : connection.db();
  const known = collections.get(database) ?? new LockCollection(database.collection(COLLECTION));
  collections.set(database, known);
  return { enter: () => known, leave: () => undefined };
}

/** Over the default connection of the application's Mongoose, which the application connects. */
export function overMongoose(): Source {
  const mongoose = requireFromApplication("mongoose") as { connection?: DLocks.Connection } | undefined;
  if (mongoose?.connection === undefined) {
    throw new Error(
      "There is no Mongoose whose default connection could keep locks: install and connect mongoose, or call " +
        "DLocks.configure({ connection }) or DLocks.configure({ url })",
    );
  }
  return overConnection(mongoose.connection);
}

/** Over a client of ours, that is open while there is something to do. */
export function overUrl(url: string): Source {
  const driver = requireFromApplication("mongodb") as { MongoClient: new (url: string) => Client } | undefined;
  if (driver === undefined) {
    throw new Error("The MongoDB driver is missing: install mongodb, or call DLocks.configure({ connection })");
  }
  let open: { client: Client; collection: LockCollection } | undefined;
  let uses = 0;
  let idle: NodeJS.Timeout | undefined;
  const close = () => {
    const { client } = open ?? {};
    open = undefined;
    client?.close().catch(() => undefined);
  };
  return {
    enter() {
      clearTimeout(idle);
      uses += 1;
      if (open === undefined) {
        const client = new driver.MongoClient(url);
        open = { client, collection: new LockCollection(client.db().collection(COLLECTION)) };
      }
      return open.collection;
    },
    leave() {
      uses -= 1;
      if (uses === 0) {
        idle = setTimeout(close, IDLE);
        idle.unref();
      }
    },
  };
}

/** By the database or connection they are in. */
const collections = new WeakMap<object, LockCollection>();

/** What the application itself would get, or `undefined` if it is not installed. */
function requireFromApplication(name: string): unknown {
  const folders = [require.main?.path, process.cwd(), __dirname].filter((folder) => folder !== undefined);
  for (const folder of folders) {
    const requireFrom = createRequire(join(folder, "noop.js"));
    let path: string;
    try {
      path = requireFrom.resolve(name);
    } catch {
      continue;
    }
    return requireFrom(path);
  }
  return undefined;
}
