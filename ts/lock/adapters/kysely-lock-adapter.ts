import { wait } from "../../async/wait";
import { isContention } from "../clients/driver-error";
import { type KyselyHandle, kyselyClient } from "../clients/kysely-client";
import { LeaseTable } from "../clients/lease-table";
import type {
  IDatabaseLockAdapter,
  IDatabaseLockTransaction,
  ILockData,
  ILockExpirationData,
} from "../contracts/database-lock-adapter";
import { ConfigurationLockError } from "../contracts/errors";
import { ClientLockAdapter, type ClientLockAdapterSettings } from "./client-lock-adapter";

/** Settings of {@link KyselyLockAdapter}. */
export interface KyselyLockAdapterSettings extends ClientLockAdapterSettings {
  /** A Kysely for PostgreSQL, MySQL or SQLite, or a transaction of one, in which locks are then taken. */
  kysely: KyselyHandle;
  /** Whether {@link KyselyLockAdapter.transaction} begins one. Default: unless `kysely` is a transaction. */
  enableTransactions?: boolean | undefined;
}

/** How often a transaction is tried that runs into others, and how long the pauses are in milliseconds, at most. */
const TRIES = 10;
const LONGEST_PAUSE = 200;

/**
 * Locks through a Kysely of the application, who destroys it: between all processes that reach the same table. Use one
 * database for all of them, never a replica.
 *
 * Locks need none of the methods that an {@link IDatabaseLockAdapter} has: they are taken in one statement, by the clock
 * of the server.
 */
export class KyselyLockAdapter extends ClientLockAdapter implements IDatabaseLockAdapter {
  private readonly kysely: KyselyHandle;
  private readonly table: Pick<ClientLockAdapterSettings, "tableName" | "schema">;
  private readonly leases: LeaseTable;
  private readonly isTransactional: boolean;
  /** The tables are there, or about to be. */
  private made: Promise<void> | undefined;

  /**
   * Asks the database nothing yet.
   *
   * @throws ConfigurationLockError if the Kysely is none or speaks to another kind of database, or the table's name cannot
   * be used.
   * @throws InvalidInputError if the interval is not a positive time span.
   */
  constructor(settings: KyselyLockAdapterSettings) {
    const { kysely, tableName, schema } = settings;
    const client = kyselyClient(kysely);
    super(client, settings);
    const { enableTransactions = !kysely.isTransaction } = settings;
    if (enableTransactions && kysely.isTransaction) {
      throw new ConfigurationLockError(
        "The kysely is a transaction, and those cannot be nested; leave out enableTransactions, or pass the Kysely",
      );
    }
    this.kysely = kysely;
    this.table = { tableName, schema };
    this.leases = new LeaseTable(client, this.table);
    this.isTransactional = enableTransactions;
  }

  /**
   * Removes the table, unless a lock in it is held; the next use makes it anew. Doing it again, or before `init`, changes
   * nothing.
   *
   * @throws LockAdapterError if the database could not be asked.
   */
  override async deInit(): Promise<void> {
    this.made = undefined;
    await super.deInit();
    this.made = undefined;
  }

  /**
   * The lease of a key, expired or not.
   *
   * @returns `null`: there is none.
   */
  async find(key: string): Promise<ILockData | null> {
    await this.prepare();
    return this.leases.find(key);
  }

  /**
   * Deletes the lease of a key, whoever has it.
   *
   * @returns when what was deleted would have ended, or had; `null`: there was none.
   */
  async remove(key: string): Promise<ILockExpirationData | null> {
    await this.prepare();
    const removed = await this.leases.remove(key);
    return removed === null ? null : { expiration: removed.expiration };
  }

  /**
   * Deletes the lease of a key if it is this owner's.
   *
   * @returns what was deleted, expired or not; `null`: it is not.
   */
  async removeIfOwner(key: string, owner: string): Promise<ILockData | null> {
    await this.prepare();
    return this.leases.remove(key, owner);
  }

  /**
   * Sets the end of a lease that is this owner's, has an end, and has not expired by the clock of the server.
   *
   * @returns how many leases were changed: 1, or 0 if there is no such lease.
   */
  async updateExpiration(key: string, owner: string, expiration: Date): Promise<number> {
    await this.prepare();
    return this.leases.updateExpiration(key, owner, expiration);
  }

  /**
   * Runs a function in a serializable transaction. One that runs into another is rolled back, and run again: up to ten
   * times, so that the function is to have no other effects. With `enableTransactions: false`, and if the Kysely is a
   * transaction already, the function is run once and no transaction is begun.
   *
   * @returns what the function answers. If it rejects, this does with the same, and nothing of it stays.
   */
  async transaction<T>(fn: (transaction: IDatabaseLockTransaction) => Promise<T>): Promise<T> {
    await this.prepare();
    if (!this.isTransactional) {
      return fn(this.leases);
    }
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.begin().execute((kysely) => fn(new LeaseTable(kyselyClient(kysely), this.table)));
      } catch (error) {
        if (attempt === TRIES || !isContention(error)) {
          throw error;
        }
        await wait(Math.random() * Math.min(LONGEST_PAUSE, 2 ** attempt));
      }
    }
  }

  private begin(): Transacting {
    return (this.kysely.transaction() as Beginning).setIsolationLevel("serializable");
  }

  // A failure is not remembered: the next call tries again.
  private prepare(): Promise<void> {
    this.made ??= super.init().catch((error: unknown) => {
      this.made = undefined;
      throw error;
    });
    return this.made;
  }
}

/** How Kysely begins a transaction. */
interface Beginning {
  setIsolationLevel(level: "serializable"): Transacting;
}

/** How it runs a function in it. */
interface Transacting {
  execute<T>(run: (transaction: KyselyHandle) => Promise<T>): Promise<T>;
}
