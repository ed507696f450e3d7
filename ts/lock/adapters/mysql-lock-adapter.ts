import { openMysqlProvider } from "../../native";
import { NativeLockAdapter } from "./native-lock-adapter";
import { nativeSqlServer, passwordFunction, type SqlServerSettings } from "./sql-server-settings";

/** Settings of {@link MysqlLockAdapter}: a `url`, or a `host` and the rest. A database must be named. */
export interface MysqlLockAdapterSettings extends SqlServerSettings {
  /** `"mysql://USER:PASSWORD@HOST:PORT/DATABASE"`; `mariadb:` is the same. */
  url?: string | undefined;
}

/**
 * Locks between all processes that reach the same MySQL server, version 8 or newer, or MariaDB, 10.6 or newer, over
 * connections of its own.
 */
export class MysqlLockAdapter extends NativeLockAdapter {
  /**
   * Connects to nothing yet.
   *
   * @throws ConfigurationLockError if a setting cannot be used.
   */
  constructor(settings: MysqlLockAdapterSettings) {
    super(openMysqlProvider(nativeSqlServer("MysqlLockAdapter", settings), passwordFunction(settings)));
  }
}
