import { describe, expect, test } from "vitest";
import { type SqlClient, SqlLockAdapter } from "../../ts/lock/adapters";
import { ConfigurationLockError } from "../../ts/lock/contracts";
import { clientLockAdapterTests } from "./client-lock-adapter-tests";
import { sqlClientTests } from "./sql-client-tests";

const KINDS = ["pg", "mysql2", "mysql2/promise", "better-sqlite3", "node:sqlite"];

describe.each(KINDS)("%s", (kind) => {
  sqlClientTests(kind);
  clientLockAdapterTests(kind);
});

describe("SqlLockAdapter", () => {
  const query = async () => ({ rows: [], affectedRows: 0, insertId: 0 });

  test("hands on the very error that a client of the application threw", async () => {
    const thrown = new Error("of the client");
    const client: SqlClient = { dialect: "postgres", query: () => Promise.reject(thrown) };
    const error: unknown = await new SqlLockAdapter({ client }).init().catch((reason: unknown) => reason);
    expect(error === thrown || (error as Error).cause === thrown).toBe(true);
  });

  test.each([
    ["nothing", undefined, /pg, mysql2, better-sqlite3/],
    ["a URL", "postgres://localhost", /pg, mysql2, better-sqlite3/],
    ["a client of a dialect there is not", { dialect: "oracle", query }, /"oracle"/],
    ["a Kysely", { executeQuery: query }, /KyselyLockAdapter/],
    ["a Knex", { raw: query }, /KnexLockAdapter/],
    ["a Sequelize", { query, getDialect: () => "postgres" }, /SequelizeLockAdapter/],
  ])("refuses %s", (_, client, message) => {
    expect(() => new SqlLockAdapter({ client } as never)).toThrow(ConfigurationLockError);
    expect(() => new SqlLockAdapter({ client } as never)).toThrow(message);
  });
});
