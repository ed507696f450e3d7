import type { NameRules } from "./table-name";

/**
 * The statements on one table. Where they occur, `$1` is the mutex, `$2` the owner and `$3` the ttl in seconds. In a dialect
 * of batches, `$1` of `obtain` and `release` is a JSON array of objects `{ mutex, owner }` and `$2` is the ttl, and they
 * answer the `node_id`s they were done for.
 */
export interface Statements {
  /** Makes the table, and before it the schema. */
  readonly create: readonly string[];
  /** Removes what crashed processes of ours have left, of any mutex. */
  readonly sweep: string;
  /** Writes the owner if nobody holds the mutex. */
  readonly obtain: string;
  /** Answers the `node_id` of the holder; no row if nobody holds it. `$2` is the ttl here. */
  readonly holder: string;
  /** Lengthens the lease if it is the owner's and not over. */
  readonly renew: string;
  /** Removes the owner's row. */
  readonly release: string;
}

/** How one kind of database keeps locks. Its clock alone says when a lease is over. */
export interface Dialect {
  readonly names: NameRules;
  /** Whether `obtain` and `release` take many at once and answer. Otherwise the holder tells what has become of it. */
  readonly takesBatches: boolean;
  /** @param schema quoted, or `undefined` for the one in use; @param table quoted, with its schema */
  statements(table: string, schema: string | undefined): Statements;
  /** The table or its schema is not there. */
  isMissing(fault: Fault): boolean;
  /** The statement was not done, because of others that are done at the same time; it can be tried again. */
  isContended(fault: Fault): boolean;
}

/** What the driver said, whatever wraps it. */
export interface Fault {
  readonly code: string;
  readonly message: string;
}

/** Every `node_id` of ours begins so, which tells a row whose `ts` is its end from one whose `ts` is its beginning. */
export const OWNER_PREFIX = "holdfast:";

/** Reads an error of a driver, also through the wrappers of Sequelize. */
export function faultOf(error: unknown): Fault {
  const wrapped = error as { original?: unknown; code?: unknown; message?: unknown } | null | undefined;
  if (typeof wrapped?.original === "object" && wrapped.original !== null) {
    return faultOf(wrapped.original);
  }
  return { code: String(wrapped?.code ?? ""), message: String(wrapped?.message ?? "") };
}
