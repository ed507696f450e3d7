import type { SqlClient, SqlDialect, SqlParameter } from "../adapters/sql-client";
import { ConfigurationLockError } from "../contracts/errors";
import { counted, countedResult, isChange } from "./change";
import { inTurn } from "./turns";

/** What is used of a `Kysely` or a `Transaction` of it. */
export interface KyselyHandle {
  /** Whether it is a transaction. */
  readonly isTransaction: boolean;
  /** The same without its plugins, which may change what comes back. */
  withoutPlugins(): KyselyHandle;
  /** Runs a compiled query. */
  executeQuery(query: never): Promise<KyselyResult>;
  /** Begins to build a query. */
  selectFrom(table: never): unknown;
  /** Begins a transaction. */
  transaction(): unknown;
}

/** What is used of its results. */
export interface KyselyResult {
  /** The rows. */
  readonly rows: unknown[];
  /** How many rows were changed. */
  readonly numAffectedRows?: bigint | undefined;
  /** The number of the row that was inserted. */
  readonly insertId?: bigint | undefined;
}

/** The builder of a query, as far as it is used to learn the dialect. */
interface Selecting {
  select(column: string): Selecting;
  where(column: string, operator: "=", value: number): Selecting;
  compile(): { readonly sql: string };
}

/**
 * A client of Kysely.
 *
 * @throws ConfigurationLockError if it is none, or speaks to another kind of database.
 */
export function kyselyClient(handle: KyselyHandle): SqlClient {
  const dialect = dialectOf(handle);
  const plain = handle.withoutPlugins();
  return {
    dialect,
    isTransaction: handle.isTransaction,
    async query(text, parameters) {
      const query = compiled(dialect, text, parameters);
      const run = () => plain.executeQuery(query as never);
      const { rows, numAffectedRows, insertId } = await (handle.isTransaction ? inTurn(handle, run) : run());
      if (dialect === "sqlite") {
        return countedResult(text, rows);
      }
      return {
        rows: rows.map((row) => Object.values(row as object)),
        affectedRows: Number(numAffectedRows ?? (isChange(text) ? rows.length : 0)),
        insertId: Number(insertId ?? 0),
      };
    },
  };
}

/** What `CompiledQuery.raw` makes. */
function compiled(dialect: SqlDialect, text: string, values: readonly SqlParameter[]): object {
  const sql = dialect === "sqlite" ? counted(text) : text;
  return {
    sql,
    parameters: [...values],
    query: { kind: "RawNode", sqlFragments: [sql], parameters: [] },
    queryId: { queryId: "holdfast" },
  };
}

/** Dialects can be anybody's, so it is told by the SQL that is made for them. */
function dialectOf(handle: KyselyHandle): SqlDialect {
  let sql: string;
  try {
    const query = handle.withoutPlugins().selectFrom("lock" as never) as Selecting;
    ({ sql } = query.select("owner").where("fence", "=", 1).compile());
  } catch (error) {
    throw new ConfigurationLockError("The kysely is none; pass a Kysely, or a transaction of one", error);
  }
  if (sql.includes("$1")) {
    return "postgres";
  }
  if (sql.includes("?")) {
    return sql.includes("`") ? "mysql" : "sqlite";
  }
  throw new ConfigurationLockError(
    "The database of the Kysely is none of PostgreSQL, MySQL and SQLite; pass one that is",
  );
}
