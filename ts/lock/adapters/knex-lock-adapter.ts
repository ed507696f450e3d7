import { type KnexHandle, knexClient } from "../clients/knex-client";
import { ClientLockAdapter, type ClientLockAdapterSettings } from "./client-lock-adapter";

/** Settings of {@link KnexLockAdapter}. */
export interface KnexLockAdapterSettings extends ClientLockAdapterSettings {
  /** A Knex for PostgreSQL, MySQL or SQLite, or a transaction of one, in which locks are then taken. */
  knex: KnexHandle;
}

/** Locks through a Knex of the application, who destroys it: between all processes that reach the same table. */
export class KnexLockAdapter extends ClientLockAdapter {
  /**
   * Asks the database nothing yet.
   *
   * @throws InvalidInputError if the interval is not a positive time span.
   * @throws ConfigurationLockError if the Knex is none or speaks to another kind of database, or the table's name cannot
   * be used.
   */
  constructor(settings: KnexLockAdapterSettings) {
    super(knexClient(settings.knex), settings);
  }
}
