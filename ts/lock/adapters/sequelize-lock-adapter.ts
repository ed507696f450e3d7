import { adoptClient } from "../../native";
import { type SequelizeHandle, type SequelizeTransaction, sequelizeClient } from "../clients/sequelize-client";
import { NativeLockAdapter } from "./native-lock-adapter";
import { type SqlTableSettings, tableOf } from "./table-settings";

/** Settings of {@link SequelizeLockAdapter}. */
export interface SequelizeLockAdapterSettings extends SqlTableSettings {
  /** A Sequelize for PostgreSQL, MySQL or SQLite. */
  sequelize: SequelizeHandle;
  /** A transaction of it, in which locks are then taken. Default: none, whatever continuation-local storage holds. */
  transaction?: SequelizeTransaction | null | undefined;
}

/** Locks through a Sequelize of the application, who closes it: between all processes that reach the same table. */
export class SequelizeLockAdapter extends NativeLockAdapter {
  /**
   * Asks the database nothing yet.
   *
   * @throws ConfigurationLockError if the Sequelize is none or speaks to another kind of database, or the table's name
   * cannot be used.
   */
  constructor(settings: SequelizeLockAdapterSettings) {
    super(adoptClient(sequelizeClient(settings.sequelize, settings.transaction), tableOf(settings)));
  }
}
