import { openProvider } from "../../native";
import { ConfigurationLockError } from "../contracts/errors";
import { NativeLockAdapter } from "./native-lock-adapter";

/** Settings of {@link SqliteLockAdapter}. */
export interface SqliteLockAdapterSettings {
  /**
   * Where the file is: `"sqlite:PATH"`, relative to the working directory. It is created if it is missing; its directory
   * is not. `"sqlite::memory:"` is a database of this adapter's own. Give the locks a file of their own: on a file that
   * the same process also opens through another SQLite library, closing either connection drops the other's file locks.
   */
  url: string;
  /** Table of the leases: 1 to 48 ASCII letters, digits and underscores. Default `"lock"`. */
  tableName?: string | undefined;
}

/**
 * Locks between all processes of one host that open the same SQLite file. They survive the end of any process. A power
 * cut may take the last of them, and takes their holders with them.
 */
export class SqliteLockAdapter extends NativeLockAdapter {
  /**
   * Opens nothing yet.
   *
   * @throws ConfigurationLockError if the URL or the table's name cannot be used.
   */
  constructor(settings: SqliteLockAdapterSettings) {
    super(openProvider(sqliteUrl(settings.url), { tableName: checkedTableName(settings.tableName) }));
  }
}

// Other schemes are refused by the engine, but "memory:" would be another adapter under this one's name.
function sqliteUrl(url: string): string {
  if (typeof url !== "string" || !url.startsWith("sqlite:")) {
    throw new ConfigurationLockError(
      'The url of a SqliteLockAdapter does not begin with "sqlite:"; pass "sqlite:PATH"',
    );
  }
  return url;
}

// What it may consist of is checked by the engine, which takes nothing but text.
function checkedTableName(tableName: string | undefined): string | undefined {
  if (tableName !== undefined && typeof tableName !== "string") {
    throw new ConfigurationLockError(
      "The tableName of a SqliteLockAdapter is no text; use 1 to 48 ASCII letters, digits and underscores, or leave it out",
    );
  }
  return tableName;
}
