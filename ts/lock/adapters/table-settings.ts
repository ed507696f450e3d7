import { ConfigurationLockError } from "../contracts/errors";

/** Where an adapter over SQL keeps its leases. */
export interface SqlTableSettings {
  /** Table of the leases: 1 to 48 ASCII letters, digits and underscores. Default `"lock"`. */
  tableName?: string | undefined;
  /** Schema the table is in, for MySQL the database. Default: the one the connection is set to. */
  schema?: string | undefined;
}

/**
 * What names a table, of settings that may say more. What the names may consist of is checked by the engine, which takes
 * nothing but text.
 *
 * @throws ConfigurationLockError if a name is no text.
 */
export function tableOf({ tableName, schema }: SqlTableSettings): SqlTableSettings {
  return { tableName: checked("tableName", tableName), schema: checked("schema", schema) };
}

function checked(option: string, name: unknown): string | undefined {
  if (name !== undefined && typeof name !== "string") {
    throw new ConfigurationLockError(
      `The ${option} of the adapter is no text; use 1 to 48 ASCII letters, digits and underscores, or leave it out`,
    );
  }
  return name;
}
