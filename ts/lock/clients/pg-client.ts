import type { HandleClient } from "./handle-client";
import { inTurn } from "./turns";

/** What is used of a `Pool`, a `Client` or a `PoolClient` of `pg`. */
export interface PgHandle {
  /** Of a pool: how many connections it has. */
  readonly totalCount?: number;
  /** Of a connection: `"T"` if it is inside a transaction. */
  getTransactionStatus?(): unknown;
  /** Runs a statement. */
  query(query: { text: string; values: unknown[]; rowMode: "array" }): Promise<PgResult>;
}

/** What is used of its results. */
export interface PgResult {
  /** The rows, as arrays. */
  readonly rows: unknown[][];
  /** How many rows there are, or were changed. */
  readonly rowCount: number | null;
  /** The first word of the statement. */
  readonly command: string;
}

/** A client of `pg`. */
export function pgClient(handle: PgHandle): HandleClient {
  const isSingle = handle.totalCount === undefined;
  return {
    dialect: "postgres",
    isSingle,
    isTransaction: handle.getTransactionStatus?.() === "T",
    async query(text, parameters) {
      const run = () => handle.query({ text, values: [...parameters], rowMode: "array" });
      const { rows, rowCount, command } = await (isSingle ? inTurn(handle, run) : run());
      return { rows, affectedRows: command === "SELECT" ? 0 : (rowCount ?? 0), insertId: 0 };
    },
  };
}
