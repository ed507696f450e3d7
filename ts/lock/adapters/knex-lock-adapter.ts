import { adoptClient } from "../../native";
import { type KnexHandle, knexClient } from "../clients/knex-client";
import { NativeLockAdapter } from "./native-lock-adapter";
import { type SqlTableSettings, tableOf } from "./table-settings";

/** Settings of {@link KnexLockAdapter}. */
export interface KnexLockAdapterSettings extends SqlTableSettings {
  /** A Knex for PostgreSQL, MySQL or SQLite, or a transaction of one, in which locks are then taken. */
  knex: KnexHandle;
}

/** Locks through a Knex of the application, who destroys it: between all processes that reach the same table. */
export class KnexLockAdapter extends NativeLockAdapter {
  /**
   * Asks the database nothing yet.
   *
   * @throws ConfigurationLockError if the Knex is none or speaks to another kind of database, or the table's name cannot
   * be used.
   */
  constructor(settings: KnexLockAdapterSettings) {
    super(adoptClient(knexClient(settings.knex), tableOf(settings)));
  }
}
