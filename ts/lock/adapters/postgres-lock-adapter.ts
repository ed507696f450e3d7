import { openPostgresProvider } from "../../native";
import { NativeLockAdapter } from "./native-lock-adapter";
import { nativeSqlServer, passwordFunction, type SqlServerSettings, typed } from "./sql-server-settings";

/** Settings of {@link PostgresLockAdapter}: a `url`, or a `host` and the rest. */
export interface PostgresLockAdapterSettings extends SqlServerSettings {
  /** `"postgres://USER:PASSWORD@HOST:PORT/DATABASE"`, with `?sslmode=` and the other parameters of libpq. */
  url?: string | undefined;
  /** Schema of the table, which must exist. Default: the first of the connection's search path. */
  schema?: string | undefined;
  /**
   * Whether statements are prepared and called by name. Switch it off behind a pooler that gives each transaction another
   * session and knows no prepared statements, such as PgBouncer before 1.21. Default `true`.
   */
  preparedStatements?: boolean | undefined;
  /**
   * Whether a waiting process hears of releases over a connection of its own (`LISTEN`). Where nothing can be heard, as
   * behind any such pooler, that is noticed within a second, and it tries at intervals. Default: as `preparedStatements`.
   */
  listen?: boolean | undefined;
}

/** Locks between all processes that reach the same PostgreSQL server, version 12 or newer, over connections of its own. */
export class PostgresLockAdapter extends NativeLockAdapter {
  /**
   * Connects to nothing yet.
   *
   * @throws ConfigurationLockError if a setting cannot be used.
   */
  constructor(settings: PostgresLockAdapterSettings) {
    const server = nativeSqlServer("PostgresLockAdapter", settings);
    super(
      openPostgresProvider(
        {
          ...server,
          schema: typed("PostgresLockAdapter", settings, "schema", "string"),
          prepares: typed("PostgresLockAdapter", settings, "preparedStatements", "boolean"),
          listens: typed("PostgresLockAdapter", settings, "listen", "boolean"),
        },
        passwordFunction(settings),
      ),
    );
  }
}
