import { randomUUID } from "node:crypto";
import { Lease } from "../lease";
import { obtain } from "../obtaining";
import { type LockCollection, TTL_SECONDS } from "./lock-collection";
import { overConnection, overMongoose, overUrl, type Source } from "./source";

/** The replaced package waits without a limit, too. */
const FOR_EVER = { deadline: Number.POSITIVE_INFINITY, longestPause: Number.POSITIVE_INFINITY };
const FAILURE = "DLocks error. The error can be related to DLocks itself or to the locked function";

/**
 * A lock on a resource in a MongoDB collection, in place of the class that is the package `mongo-distributed-locks`: same
 * collection and documents, so that processes on either exclude each other.
 *
 * Unlike there, the lock of {@link DLocks.exec} is renewed while its function runs, a dead holder's lock is free after two
 * minutes by the server's clock, and callers of one process stand in line and cost the server nothing.
 */
class DLocks<Result = unknown> {
  static #source: Source | undefined;
  static #log: DLocks.LoggerErrorFn = (...args) => console.error(...args);

  /** What is locked: resource and id, joined by a hyphen. */
  readonly name: string;
  /** Who locks it: new for each instance. */
  readonly uid: string;
  readonly #fn: (() => Result | PromiseLike<Result>) | undefined;

  /** Connects to nothing yet. */
  constructor({ resource, id, fn }: DLocks.Params<Result>) {
    this.name = `${resource}-${id}`;
    this.uid = randomUUID();
    this.#fn = fn;
  }

  /**
   * Says where locks are kept. Default: in the default connection of the application's Mongoose.
   *
   * @throws TypeError if neither or both are given; Error if a URL is given, but the driver `mongodb` is not installed, or
   * what the driver says to the connection
   */
  static configure(settings: DLocks.Settings): void {
    const { url, connection } = settings ?? {};
    if ((url === undefined) === (connection === undefined)) {
      throw new TypeError("Pass either url or connection to DLocks.configure()");
    }
    DLocks.#source = connection === undefined ? overUrl(String(url)) : overConnection(connection);
  }

  /** Sets what errors are told to. Default `console.error`. */
  static registerLoggerErrorFn(loggerErrorFn: DLocks.LoggerErrorFn): void {
    if (typeof loggerErrorFn !== "function") {
      throw new TypeError("The logger of errors has to be a function");
    }
    DLocks.#log = loggerErrorFn;
  }

  /**
   * Waits for the lock, runs a function under it, and releases it.
   *
   * @returns what the function returns
   * @throws what the function throws, and the driver's error if the database cannot be asked; either is logged too
   */
  static exec<Result>(params: DLocks.Params<Result>): Promise<Result> {
    return new DLocks(params).exec();
  }

  /**
   * Waits for the lock. It is not renewed: it ends after two minutes, unless it is unlocked before.
   *
   * @throws the driver's error if the database cannot be asked
   */
  static lock(params: DLocks.Params): Promise<DLocks.LockDocument> {
    return new DLocks(params).lock();
  }

  /**
   * Releases a lock of {@link DLocks.lock}. One that is not held any more is logged, and is no error.
   *
   * @throws the driver's error if the database cannot be asked
   */
  static unlock(lock: DLocks.LockHandle): Promise<void> {
    const { name, uid } = lock ?? {};
    return DLocks.#use((collection) => DLocks.#release(collection, String(name), String(uid)));
  }

  static async #use<T>(action: (collection: LockCollection) => Promise<T>): Promise<T> {
    DLocks.#source ??= overMongoose();
    const source = DLocks.#source;
    const collection = source.enter();
    try {
      return await action(collection);
    } finally {
      source.leave();
    }
  }

  static async #release(collection: LockCollection, name: string, uid: string): Promise<void> {
    if (!(await collection.remove(name, uid))) {
      DLocks.#report("DLocks error. Lock not found", { name, uid });
    }
  }

  static #report(message: string, details: unknown): void {
    try {
      DLocks.#log(message, details);
    } catch {
      // A logger that fails is no reason to fail what it is told of.
    }
  }

  /** As {@link DLocks.exec}. */
  async exec(): Promise<Result> {
    try {
      return await DLocks.#use((collection) => this.#run(collection));
    } catch (error) {
      DLocks.#report(FAILURE, error);
      throw error;
    }
  }

  /** As {@link DLocks.lock}. */
  lock(): Promise<DLocks.LockDocument> {
    const { name, uid } = this;
    return DLocks.#use(async (collection) => {
      const leave = await collection.turns.take(name, Number.POSITIVE_INFINITY);
      try {
        await obtain(collection.record(name), uid, FOR_EVER);
        return (await collection.find(name, uid)) ?? { name, uid, created: new Date() };
      } finally {
        leave?.();
      }
    });
  }

  /** As {@link DLocks.unlock}. Default: the lock that {@link DLocks.lock} of this instance has made. */
  unlock(lock: DLocks.LockHandle = this): Promise<void> {
    return DLocks.unlock(lock);
  }

  async #run(collection: LockCollection): Promise<Result> {
    const { name } = this;
    // An instance may be executed again, and several times at once.
    const uid = randomUUID();
    const record = collection.record(name);
    const leave = await collection.turns.take(name, Number.POSITIVE_INFINITY);
    try {
      const obtained = await obtain(record, uid, FOR_EVER);
      const askedAt = "askedAt" in obtained ? obtained.askedAt : performance.now();
      const settings = { ttl: TTL_SECONDS * 1000, renew: () => record.renew(uid), lost: () => leave?.() };
      const lease = new Lease(settings, askedAt);
      try {
        return (await this.#fn?.()) as Result;
      } finally {
        lease.end();
        // The function has run: a lock that stays for two minutes is no reason to fail it.
        await DLocks.#release(collection, name, uid).catch((error) => DLocks.#report(FAILURE, error));
      }
    } finally {
      leave?.();
    }
  }
}

namespace DLocks {
  /** What to lock, and what to do meanwhile. */
  export interface Params<Result = unknown> {
    /** An operation, such as `"createPayment"`, or a kind of resource, such as `"user"`. */
    resource: string;
    /** Which of them, such as the id of a user; it is made a string. */
    // biome-ignore lint/suspicious/noExplicitAny: ids of every kind, such as ObjectId
    id: any;
    /** What to do while the lock is held. Default: nothing. */
    fn?: (() => Result | PromiseLike<Result>) | undefined;
  }

  /** Where locks are kept: one of the two. */
  export interface Settings {
    /** Of a MongoDB server; its database, or `test`, keeps the locks. Needs the package `mongodb`. */
    url?: string | undefined;
    /** An open connection of the application, which stays the application's. */
    connection?: Connection | undefined;
  }

  /** A Mongoose connection, a `Db` of the MongoDB driver, or a `MongoClient`, whose default database is used. */
  export type Connection =
    | {
        /** Answers a collection. */
        // biome-ignore lint/suspicious/noExplicitAny: overloads of every version have to fit
        collection(name: string): any;
      }
    | {
        /** Answers the default database. */
        // biome-ignore lint/suspicious/noExplicitAny: overloads of every version have to fit
        db(): any;
      };

  /** A stored lock. */
  export interface LockDocument {
    /** What is locked. */
    name: string;
    /** Who holds it: new for each lock. */
    uid: string;
    /** When it was locked, or last renewed, by the server's clock. */
    created: Date;
  }

  /** What tells a lock from others. */
  export type LockHandle = Pick<LockDocument, "name" | "uid">;

  /** Is told of an error: what it means, and the error or what it is about. */
  export type LoggerErrorFn = (message: string, details: unknown) => unknown;
}

// From assignments like these Node learns which names an ES module can import beside the class.
exports.configure = DLocks.configure;
exports.registerLoggerErrorFn = DLocks.registerLoggerErrorFn;
exports.exec = DLocks.exec;
exports.lock = DLocks.lock;
exports.unlock = DLocks.unlock;
// They are found by whoever lists what the module has, too.
for (const name of ["configure", "registerLoggerErrorFn", "exec", "lock", "unlock"]) {
  Object.defineProperty(DLocks, name, { enumerable: true });
}

export = DLocks;
