import { type SequelizeHandle, type SequelizeTransaction, sequelizeClient } from "../clients/sequelize-client";
import { ClientLockAdapter, type ClientLockAdapterSettings } from "./client-lock-adapter";

/** Settings of {@link SequelizeLockAdapter}. */
export interface SequelizeLockAdapterSettings extends ClientLockAdapterSettings {
  /** A Sequelize for PostgreSQL, MySQL or SQLite. */
  sequelize: SequelizeHandle;
  /** A transaction of it, in which locks are then taken. Default: none, whatever continuation-local storage holds. */
  transaction?: SequelizeTransaction | null | undefined;
}

/** Locks through a Sequelize of the application, who closes it: between all processes that reach the same table. */
export class SequelizeLockAdapter extends ClientLockAdapter {
  /**
   * Asks the database nothing yet.
   *
   * @throws InvalidInputError if the interval is not a positive time span.
   * @throws ConfigurationLockError if the Sequelize is none or speaks to another kind of database, or the table's name
   * cannot be used.
   */
  constructor(settings: SequelizeLockAdapterSettings) {
    super(sequelizeClient(settings.sequelize, settings.transaction), settings);
  }
}
