import type DistributedLock from ".";
import { UnableToLocateQueryInterfaceError, UnknownQueryInterfaceError } from "./errors";

type PgPool = DistributedLock.PgPool;
type KnexInstance = DistributedLock.KnexInstance;
type SequelizeInstance = DistributedLock.SequelizeInstance;

/** A row of an answer. */
export type Row = Record<string, unknown>;

/** One way to speak SQL, whatever the handle. */
export interface SqlClient {
  /** As the handle calls it: "postgresql", "sqlite3", … */
  readonly dialect: string;
  /** The same object for every handle on the same connections. */
  readonly identity: object;
  /**
   * Runs one statement whose parameters are written `$1`, `$2`, …
   *
   * @returns the rows it answers; none if it only writes
   */
  query(sql: string, parameters: readonly (string | number)[]): Promise<Row[]>;
}

/**
 * @throws UnknownQueryInterfaceError, or UnableToLocateQueryInterfaceError if no name is given and the handle is not known
 */
export function openClient(handle: unknown, name: string | undefined): SqlClient {
  const kind = name ?? kindOf(handle);
  switch (kind) {
    case "sequelize":
      return sequelizeClient((property(handle, "sequelize") ?? handle) as SequelizeInstance);
    case "knex":
      return knexClient(handle as KnexInstance);
    case "pg":
      return pgClient(handle as PgPool);
    default:
      throw new UnknownQueryInterfaceError(kind);
  }
}

function kindOf(handle: unknown): DistributedLock.QueryInterfaceName {
  if (isSequelize(handle) || isSequelize(property(handle, "sequelize"))) {
    return "sequelize";
  }
  if (typeof property(handle, "raw") === "function" && property(handle, "client") !== undefined) {
    return "knex";
  }
  if (typeof property(handle, "query") === "function" && typeof property(handle, "totalCount") === "number") {
    return "pg";
  }
  throw new UnableToLocateQueryInterfaceError();
}

function isSequelize(handle: unknown): boolean {
  return typeof property(handle, "getDialect") === "function" && typeof property(handle, "query") === "function";
}

function sequelizeClient(sequelize: SequelizeInstance): SqlClient {
  return {
    dialect: sequelize.getDialect(),
    identity: sequelize,
    async query(sql, parameters) {
      const isAnswered = /^SELECT\b|\bRETURNING\b/.test(sql);
      const answer: unknown = await sequelize.query(sql, {
        bind: parameters,
        type: isAnswered ? "SELECT" : "RAW",
        raw: true,
        logging: false,
        // A lock that others cannot see before a commit is none, and a replica may not know of it yet.
        transaction: null,
        useMaster: true,
      });
      return isAnswered ? (answer as Row[]) : [];
    },
  };
}

function knexClient(knex: KnexInstance): SqlClient {
  return {
    dialect: String(property(property(knex, "client"), "dialect")),
    identity: knex.client,
    async query(sql, parameters) {
      const [text, values] = positional(sql, parameters);
      const answer: unknown = await knex.raw(text, values);
      // pg answers an object with rows; mysql2 answers rows and their description; SQLite answers the rows.
      const rows = property(answer, "rows") ?? (Array.isArray(property(answer, "0")) ? property(answer, "0") : answer);
      return Array.isArray(rows) ? rows : [];
    },
  };
}

function pgClient(pool: PgPool): SqlClient {
  return {
    dialect: "postgres",
    identity: pool,
    async query(sql, parameters) {
      const { rows } = await pool.query(sql, parameters);
      return rows;
    },
  };
}

/** With `?` for every `$n`, and the parameters in the order of the question marks. */
function positional(sql: string, parameters: readonly (string | number)[]): [string, (string | number)[]] {
  const values: (string | number)[] = [];
  const text = sql.replace(/\$(\d+)/g, (_, number: string) => {
    values.push(parameters[Number(number) - 1] ?? "");
    return "?";
  });
  return [text, values];
}

function property(value: unknown, name: string): unknown {
  const mayHave = (typeof value === "object" && value !== null) || typeof value === "function";
  return mayHave ? (value as Record<string, unknown>)[name] : undefined;
}
