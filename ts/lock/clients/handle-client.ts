import type { SqlClient } from "../adapters/sql-client";

/** The client of a handle that is not a client by itself. */
export interface HandleClient extends SqlClient {
  /** Whether it is one connection of many, which may be inside a transaction of the application at any time. */
  readonly isSingle?: boolean | undefined;
}
