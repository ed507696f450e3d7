import { adoptClient } from "../../native";
import type { ITimeSpan } from "../../utilities/time-span";
import { TimeSpan } from "../../utilities/time-span";
import type { HandleClient } from "../clients/handle-client";
import { ConfigurationLockError } from "../contracts/errors";
import { ENGINE } from "../engine";
import { ExpiredKeysRemoval } from "./expired-keys-removal";
import { NativeLockAdapter } from "./native-lock-adapter";
import type { SqlClient } from "./sql-client";

/** What the adapters over a client of the application have in common. */
export interface ClientLockAdapterSettings {
  /**
   * Table of the leases: 1 to 48 ASCII letters, digits and underscores, not beginning with a digit. Default `"lock"`.
   */
  tableName?: string | undefined;
  /** Schema the table is in, for PostgreSQL. Default: the first of the connection's search path. */
  schema?: string | undefined;
  /**
   * How often rows of leases that have expired or were released are deleted, give or take a fifth. Default: every minute.
   */
  expiredKeysRemovalInterval?: ITimeSpan | undefined;
  /**
   * Whether they are deleted by themselves, which keeps the table small; nothing else depends on it. Default: unless the
   * client is a transaction, or one connection that may be inside of one.
   */
  shouldRemoveExpiredKeys?: boolean | undefined;
}

/** Locks through a client of the application, to whom it belongs: closing the adapter leaves it alone. */
export abstract class ClientLockAdapter extends NativeLockAdapter {
  private readonly removal: ExpiredKeysRemoval | null;

  /** @internal */
  protected constructor(client: HandleClient, settings: ClientLockAdapterSettings) {
    const { tableName, schema, expiredKeysRemovalInterval = TimeSpan.fromMinutes(1) } = settings;
    refuseNoText("tableName", tableName);
    refuseNoText("schema", schema);
    if (schema !== undefined && client.dialect !== "postgres") {
      throw new ConfigurationLockError(
        "A schema is for PostgreSQL alone; leave it out, and connect to the database the table is in",
      );
    }
    const { shouldRemoveExpiredKeys = !(client.isTransaction || client.isSingle) } = settings;
    // Before the first use there is nothing to remove, and nobody may ever use it.
    let removal: ExpiredKeysRemoval | null = null;
    const observed: SqlClient = {
      dialect: client.dialect,
      isTransaction: client.isTransaction,
      query: (sql, parameters) => {
        removal?.start();
        return client.query(sql, parameters);
      },
    };
    super(adoptClient(observed, { tableName, schema }));
    const checked = new ExpiredKeysRemoval(expiredKeysRemovalInterval, this[ENGINE]);
    removal = shouldRemoveExpiredKeys ? checked : null;
    this.removal = removal;
  }

  /**
   * Removes what {@link init} made, unless a lock in it is held; the next use makes it anew. Doing it again, or before
   * `init`, changes nothing.
   *
   * @throws LockAdapterError if the database could not be asked.
   */
  override async deInit(): Promise<void> {
    await super.deInit();
    this.removal?.stop();
  }

  /**
   * Leaves the client alone, which stays the caller's; locks that are held stay held. What is asked afterwards fails with
   * a `ClosedLockError`. Never needed for the process to exit.
   */
  override async close(): Promise<void> {
    await super.close();
    this.removal?.stop();
  }
}

// What it may consist of is checked by the engine, which takes nothing but text.
function refuseNoText(option: string, name: unknown): void {
  if (name !== undefined && typeof name !== "string") {
    throw new ConfigurationLockError(`The ${option} of the adapter is no text; pass a string, or leave it out`);
  }
}
