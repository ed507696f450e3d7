import { clientOf, type SqlHandle } from "../clients/sql-handle";
import { ClientLockAdapter, type ClientLockAdapterSettings } from "./client-lock-adapter";

/** Settings of {@link SqlLockAdapter}. */
export interface SqlLockAdapterSettings extends ClientLockAdapterSettings {
  /**
   * A pool or a connection of `pg`, `mysql2` or `mysql2/promise`, a database of `better-sqlite3` or `node:sqlite`, or a
   * client of your own. A connection that is inside a transaction takes its locks in that transaction.
   */
  client: SqlHandle;
}

/**
 * Locks through the database client that the application already has: between all processes that reach the same table.
 * The client stays the caller's, who ends it.
 */
export class SqlLockAdapter extends ClientLockAdapter {
  /**
   * Asks the database nothing yet.
   *
   * @throws InvalidInputError if the interval is not a positive time span.
   * @throws ConfigurationLockError if the client is none that is known, or the table's name cannot be used.
   */
  constructor(settings: SqlLockAdapterSettings) {
    super(clientOf(settings.client), settings);
  }
}
