import mysql from "mysql2/promise";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { SqlLockAdapter } from "../../ts/lock/adapters";
import { ConfigurationLockError, ConnectionLockError, LockAdapterError } from "../../ts/lock/contracts";
import { clientLockAdapterTests } from "./client-lock-adapter-tests";
import { sqlClientTests } from "./sql-client-tests";
import { makeDatabase } from "./throwaway-database";

const KINDS = ["pg", "mysql2", "mysql2/promise", "better-sqlite3", "node:sqlite"];

describe.each(KINDS)("%s", (kind) => {
  sqlClientTests(kind);
  clientLockAdapterTests(kind);
});

describe("SqlLockAdapter", () => {
  const query = async () => ({ rows: [], affectedRows: 0, insertId: 0 });

  test.each([
    ["rejects", () => Promise.reject(new Error("of the client"))],
    [
      "throws",
      () => {
        throw new Error("of the client");
      },
    ],
  ])("reports what a client of the application %s with as the cause of an error of its own", async (_, failing) => {
    const adapter = new SqlLockAdapter({ client: { dialect: "postgres", query: failing } });
    const error: unknown = await adapter.acquire("key", "owner", null).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LockAdapterError);
    expect(error).toMatchObject({ cause: { message: "of the client" } });
  });

  test("in a stricter isolation of PostgreSQL fails as the transaction does, once a key was taken since it began", async () => {
    const database = await makeDatabase("postgres");
    const pool = new pg.Pool({ connectionString: database.url });
    const connection = await pool.connect();
    try {
      const outside = new SqlLockAdapter({ client: pool });
      await outside.init();
      await connection.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
      await connection.query("SELECT count(*) FROM pg_class");
      await outside.acquire("key", "outside", null);
      const acquiring = new SqlLockAdapter({ client: connection }).acquire("key", "inside", null);
      await expect(acquiring).rejects.toMatchObject({
        cause: { message: expect.stringContaining("could not serialize") },
      });
      await connection.query("ROLLBACK");
      expect(await new SqlLockAdapter({ client: connection }).acquire("key", "inside", null)).toBe(false);
    } finally {
      connection.release();
      await pool.end();
      await database.drop();
    }
  });

  test("over MySQL tells of locks that are released together which were lost before, though the others are taken at once", async () => {
    const database = await makeDatabase("mysql");
    const pool = mysql.createPool(database.url);
    try {
      const rivals = new LockProvider({ adapter: new SqlLockAdapter({ client: pool }) });
      let looks = 0;
      const client = {
        query: (sql: string) => pool.query(sql),
        async execute(options: { sql: string }, values: unknown) {
          if (options.sql.includes("is_released")) {
            looks += 1;
            await rivals.create("held").acquireOrFail();
            await rivals.create("gone").acquireOrFail();
          }
          return pool.execute(options as never, values as never);
        },
      };
      const provider = new LockProvider({ adapter: new SqlLockAdapter({ client }) });
      const locks = ["lost", "held", "gone"].map((key) => provider.create(key, { ttl: null }));
      await Promise.all(locks.map((lock) => lock.acquireOrFail()));
      await rivals.create("lost").forceRelease();
      await rivals.create("lost").acquireOrFail();
      expect(await Promise.all(locks.map((lock) => lock.release()))).toEqual([false, true, true]);
      expect(looks).toBe(1);
    } finally {
      await pool.end();
      await database.drop();
    }
  });

  test("tells a server that is not there from a lock that is held", async () => {
    const pool = new pg.Pool({ host: "127.0.0.1", port: 1 });
    await expect(new SqlLockAdapter({ client: pool }).acquire("key", "owner", null)).rejects.toThrow(
      ConnectionLockError,
    );
    await pool.end();
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
