import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Lease } from "../lease";
import { type LockRecord, UNKNOWN_HOLDER } from "../lock-record";
import { obtain } from "../obtaining";
import { within } from "../within";
import { OWNER_PREFIX } from "./dialect";
import * as errors from "./errors";
import { forget, remember } from "./held-locks";
import { LockTable } from "./lock-table";
import { openClient } from "./query-interface";

/** A hundred years, in seconds: every database can add it to the present. */
const LONGEST_TTL = 3_153_600_000;
/** How often a release is tried, and how long it may take in all, in milliseconds. */
const RELEASE_TRIES = 3;
const LONGEST_RELEASE = 10_000;

/**
 * A named lock in a table of a database that the application already speaks to, in place of the class of the same name in
 * `@ndustrial/sequelize-distributed-lock`: same table, same options, and processes on either exclude each other.
 *
 * Unlike there, a lease is renewed while the function runs, callers of one process stand in line and cost the database
 * nothing, locks of different names never wait for each other, and two calls on one instance exclude each other too.
 */
class DistributedLock {
  /** What `lock()` resolves to if it skipped the function, because the lock was held. */
  static readonly EXECUTION_SKIPPED: unique symbol = Symbol("ExecutionSkipped");

  /** The name all processes have to agree on. */
  readonly lockName: string;
  readonly #table: LockTable;
  readonly #record: LockRecord;
  readonly #ttlSeconds: number;
  readonly #skipIfObtained: boolean;

  /**
   * Connects to nothing yet.
   *
   * @param lockName what all processes have to agree on, of any length
   * @throws TypeError or RangeError if a setting cannot be used, UnknownDialectError, UnknownQueryInterfaceError,
   * UnableToLocateQueryInterfaceError
   */
  constructor(lockName: string, params: DistributedLock.Params) {
    if (typeof lockName !== "string" || lockName === "") {
      throw new TypeError("A lock needs a name: pass a string that is not empty");
    }
    if (!params?.queryInterface) {
      throw new TypeError("Query interface required: pass Sequelize, Knex or a pg.Pool as queryInterface");
    }
    const { queryInterface, queryInterfaceName, lockTableName = "distributed_lock" } = params;
    const { lockTTLSeconds = 1200, skipIfObtained = false } = params;
    this.lockName = lockName;
    this.#ttlSeconds = readNumber("lockTTLSeconds", lockTTLSeconds, 0.001, LONGEST_TTL);
    this.#skipIfObtained = Boolean(skipIfObtained);
    this.#table = LockTable.of(openClient(queryInterface, queryInterfaceName), String(lockTableName));
    this.#record = this.#table.record(lockName, this.#ttlSeconds);
  }

  /**
   * Runs a function while nobody else, in any process, runs one under the same name.
   *
   * @param execute what to run. The lock is renewed for as long as it runs. Default: nothing
   * @returns what the function returns, or {@link DistributedLock.EXECUTION_SKIPPED} if the lock was held and
   * `skipIfObtained` is set
   * @throws LockTimeoutError if the lock did not become free in time, RangeError, what the function throws, and the
   * database's error if it cannot be asked. A release that fails is no error: the lock ends by itself
   */
  async lock<Result = void>(
    execute?: () => Result | PromiseLike<Result>,
    params: DistributedLock.LockParams = {},
  ): Promise<Result | typeof DistributedLock.EXECUTION_SKIPPED> {
    const { timeoutSeconds = 300, sleepMilliseconds = 1000 } = params;
    const deadline =
      performance.now() + readNumber("timeoutSeconds", timeoutSeconds, 0, Number.POSITIVE_INFINITY) * 1000;
    const longestPause = readNumber("sleepMilliseconds", sleepMilliseconds, 0, Number.POSITIVE_INFINITY);
    const isToSkip = this.#skipIfObtained;
    const refuse = (cause?: Error) =>
      new errors.LockTimeoutError(this.lockName, timeoutSeconds, cause === undefined ? {} : { cause });

    // Whoever does not wait does not stand in line, either.
    const leave = isToSkip
      ? () => undefined
      : await this.#table.turns.take(this.lockName, deadline - performance.now());
    if (leave === null) {
      throw refuse(new errors.AlreadyObtainedError(this.lockName, "this process"));
    }
    try {
      const owner = OWNER_PREFIX + randomBytes(16).toString("base64url");
      const obtained = await obtain(this.#record, owner, { deadline, longestPause, isToSkip });
      if ("askedAt" in obtained) {
        return await this.#hold(owner, obtained.askedAt, execute, leave);
      }
      const { holder } = obtained;
      if (holder === UNKNOWN_HOLDER) {
        throw refuse(new errors.TableLockedError(this.#table.name));
      }
      if (isToSkip && holder !== null) {
        return DistributedLock.EXECUTION_SKIPPED;
      }
      throw refuse(holder === null ? undefined : new errors.AlreadyObtainedError(this.lockName, holder));
    } finally {
      leave();
    }
  }

  async #hold<Result>(
    owner: string,
    askedAt: number,
    execute: (() => Result | PromiseLike<Result>) | undefined,
    leave: () => void,
  ): Promise<Result> {
    const settings = { ttl: this.#ttlSeconds * 1000, renew: () => this.#record.renew(owner), lost: leave };
    const lease = new Lease(settings, askedAt);
    const giveBack = () => {
      lease.end();
      return release(this.#record, owner);
    };
    remember(giveBack);
    try {
      return (await execute?.()) as Result;
    } finally {
      await giveBack();
      forget(giveBack);
    }
  }
}

namespace DistributedLock {
  /** Settings of a {@link DistributedLock}. */
  export interface Params {
    /** Sequelize (the instance or its query interface), Knex or a `pg.Pool`. */
    queryInterface: QueryInterface;
    /** Which of them it is. Default: found out by its looks. */
    queryInterfaceName?: QueryInterfaceName | undefined;
    /**
     * The table, `table` or `schema.table`, written as in a statement: PostgreSQL folds what is not in quotes to small
     * letters. It and its schema are made if they are not there. Default `"distributed_lock"`.
     */
    lockTableName?: string | undefined;
    /** After this many seconds without renewal a lock is free; more than 0, at most a hundred years. Default 1200. */
    lockTTLSeconds?: number | undefined;
    /** Whether `lock()` does without the function if the lock is held, instead of waiting. Default `false`. */
    skipIfObtained?: boolean | undefined;
  }

  /** How long `lock()` waits. */
  export interface LockParams {
    /** In seconds; 0 means one try, `Infinity` for ever. Default 300. */
    timeoutSeconds?: number | undefined;
    /**
     * The longest pause between two looks at a lock that another process holds, in milliseconds. Pauses are short, and
     * never longer than 75 ms, whatever this says. Default 1000.
     */
    sleepMilliseconds?: number | undefined;
  }

  export import AlreadyObtainedError = errors.AlreadyObtainedError;
  export import TableLockedError = errors.TableLockedError;
  export import LockTimeoutError = errors.LockTimeoutError;
  export import UnknownDialectError = errors.UnknownDialectError;
  export import UnknownQueryInterfaceError = errors.UnknownQueryInterfaceError;
  export import UnableToLocateQueryInterfaceError = errors.UnableToLocateQueryInterfaceError;

  /** What is used of a Sequelize instance. */
  export interface SequelizeInstance {
    /** Runs a statement. */
    // biome-ignore lint/suspicious/noExplicitAny: overloads of every version have to fit
    query(sql: string, options?: any): PromiseLike<any>;
    /** The name of its dialect. */
    getDialect(): string;
  }

  /** What is used of the query interface of a Sequelize instance: `sequelize.getQueryInterface()`. */
  export interface SequelizeQueryInterface {
    /** The instance it belongs to. */
    // biome-ignore lint/suspicious/noExplicitAny: not every version declares it
    sequelize: any;
  }

  /** What is used of a Knex instance. */
  export interface KnexInstance {
    /** Runs a statement. */
    // biome-ignore lint/suspicious/noExplicitAny: overloads of every version have to fit
    raw: any;
    /** The client, with the name of its dialect. */
    // biome-ignore lint/suspicious/noExplicitAny: as Knex declares it
    client: any;
  }

  /** What is used of a `pg.Pool`. */
  export interface PgPool {
    /** Runs a statement. */
    // biome-ignore lint/suspicious/noExplicitAny: overloads of every version have to fit
    query(text: string, values?: any): any;
    /** The number of its connections, by which a pool is known. */
    readonly totalCount: number;
  }

  /** A database handle of the application. It stays the application's: nothing is set on it, and it is never closed. */
  export type QueryInterface = SequelizeQueryInterface | SequelizeInstance | KnexInstance | PgPool;

  /** The kinds of {@link QueryInterface}. */
  export type QueryInterfaceName = "sequelize" | "knex" | "pg";
}

/** Tries a few times. What cannot be released ends by itself, which is no reason to fail a function that has run. */
async function release(record: LockRecord, owner: string): Promise<void> {
  const attempts = async () => {
    for (let tried = 1; tried <= RELEASE_TRIES; tried += 1) {
      try {
        await record.release(owner);
        return;
      } catch {
        await sleep(50 * tried);
      }
    }
  };
  await within(attempts(), LONGEST_RELEASE);
}

function readNumber(name: string, value: unknown, least: number, most: number): number {
  const number = Number(value);
  if (!(number >= least && number <= most)) {
    throw new RangeError(`${name} is ${String(value)}: pass a number from ${least} to ${most}`);
  }
  return number;
}

// From assignments like these Node learns which names an ES module can import beside the class.
exports.EXECUTION_SKIPPED = DistributedLock.EXECUTION_SKIPPED;
exports.AlreadyObtainedError = errors.AlreadyObtainedError;
exports.TableLockedError = errors.TableLockedError;
exports.LockTimeoutError = errors.LockTimeoutError;
exports.UnknownDialectError = errors.UnknownDialectError;
exports.UnknownQueryInterfaceError = errors.UnknownQueryInterfaceError;
exports.UnableToLocateQueryInterfaceError = errors.UnableToLocateQueryInterfaceError;

export = DistributedLock;
