// What the engine takes for granted of a client, whichever it is.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SqlClient, SqlDialect, SqlParameter } from "../../ts/lock/adapters/sql-client";
import { knexClient } from "../../ts/lock/clients/knex-client";
import { kyselyClient } from "../../ts/lock/clients/kysely-client";
import { sequelizeClient } from "../../ts/lock/clients/sequelize-client";
import { clientOf } from "../../ts/lock/clients/sql-handle";
import { storedValue } from "../../ts/lock/clients/stored-value";
import { kinds, type Opened } from "./sql-handles.mjs";
import { makeDatabase, type ThrowawayDatabase } from "./throwaway-database";

/** The table the statements are about, with a number that the database gives where it can. */
const CREATE: Readonly<Record<SqlDialect, (table: string) => string>> = {
  postgres: (table) => `CREATE TABLE "${table}" (name text PRIMARY KEY, owner text, number bigint)`,
  mysql: (table) =>
    `CREATE TABLE \`${table}\` (name varbinary(400) PRIMARY KEY, owner text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, ` +
    "number bigint, id bigint NOT NULL AUTO_INCREMENT UNIQUE)",
  sqlite: (table) => `CREATE TABLE "${table}" (name text PRIMARY KEY, owner text, number integer)`,
};

const TEXTS = [
  "plain",
  "it's",
  'a "quoted"',
  "back\\slash \\' \\",
  "new\nline\ttab",
  "100% ? $1 :name @x",
  "é 💾 Ⅷ",
  "`",
];

/** Adds the tests of one kind of client. */
export function sqlClientTests(kind: string): void {
  const { dialect, open } = kinds[kind] as (typeof kinds)[string];
  const table = "client_test";
  let database: ThrowawayDatabase;
  let opened: Opened;
  let client: SqlClient;

  beforeAll(async () => {
    database = await makeDatabase(dialect);
    opened = open({ url: database.url, size: 2 });
    client = clientFrom(opened.settings);
    await client.query(CREATE[dialect](table), []);
  });

  afterAll(async () => {
    await opened.end();
    await database.drop();
  });

  async function ask(sql: string, parameters: SqlParameter[] = [], asked = client) {
    let position = 0;
    const text = dialect === "postgres" ? sql.replaceAll("?", () => `$${++position}`) : sql;
    const { rows, ...counts } = await asked.query(text, parameters);
    return { ...counts, rows: rows.map((row) => row.map(storedValue)) };
  }

  const insert = (...values: SqlParameter[]) =>
    ask(`INSERT INTO ${table} (name, owner, number) VALUES (?, ?, ?)`, values);

  const find = async (name: string) => (await ask(`SELECT owner, number FROM ${table} WHERE name = ?`, [name])).rows;

  describe("the client", () => {
    test("says what it speaks", () => {
      expect(client.dialect).toBe(dialect);
    });

    test.each(TEXTS)("takes and gives back %j", async (text) => {
      expect(await insert(text, text, 1)).toMatchObject({ rows: [], affectedRows: 1 });
      expect((await find(text)).map(([owner]) => owner)).toEqual([text]);
      expect(await ask(`DELETE FROM ${table} WHERE name = ? AND owner = ?`, [text, text])).toMatchObject({
        affectedRows: 1,
      });
    });

    test.each([0, -1, 1_800_000_000_000, Number.MAX_SAFE_INTEGER])("takes and gives back %d", async (number) => {
      const name = `number ${number}`;
      await insert(name, "owner", number);
      expect((await find(name)).map(([, value]) => Number(value))).toEqual([number]);
    });

    test("takes and gives back nulls", async () => {
      await insert("null", null, null);
      expect(await find("null")).toEqual([[null, null]]);
    });

    test("counts the rows that were changed", async () => {
      await insert("count 1", "counted", 1);
      await insert("count 2", "counted", 2);
      expect(await ask(`UPDATE ${table} SET number = 3 WHERE owner = ?`, ["counted"])).toMatchObject({
        affectedRows: 2,
      });
      expect(await ask(`UPDATE ${table} SET number = 4 WHERE owner = ?`, ["nobody"])).toMatchObject({
        affectedRows: 0,
      });
      expect(await ask(`SELECT name FROM ${table} WHERE owner = ?`, ["counted"])).toMatchObject({ affectedRows: 0 });
      expect(await ask(`DELETE FROM ${table} WHERE owner = ?`, ["counted"])).toMatchObject({ affectedRows: 2 });
      expect(await ask(`DELETE FROM ${table} WHERE owner = ?`, ["counted"])).toMatchObject({ affectedRows: 0 });
    });

    test("gives the columns in the order of the statement", async () => {
      await insert("order", "owner", 7);
      const { rows } = await ask(`SELECT number, name, owner, 1 AS one FROM ${table} WHERE name = ?`, ["order"]);
      expect(rows.map((row) => row.map(String))).toEqual([["7", "order", "owner", "1"]]);
    });

    test.skipIf(dialect === "mysql")("gives and counts what a change returns", async () => {
      const upsert =
        `INSERT INTO ${table} (name, owner, number) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE ` +
        `SET owner = excluded.owner WHERE ${table}.number <= 5 RETURNING name, owner`;
      expect(await ask(upsert, ["upsert", "first", 5])).toMatchObject({ rows: [["upsert", "first"]], affectedRows: 1 });
      expect(await ask(upsert, ["upsert", "second", 9])).toMatchObject({
        rows: [["upsert", "second"]],
        affectedRows: 1,
      });
      await ask(`UPDATE ${table} SET number = 6 WHERE name = ?`, ["upsert"]);
      expect(await ask(upsert, ["upsert", "third", 5])).toMatchObject({ rows: [], affectedRows: 0 });
    });

    test.runIf(dialect === "mysql")("tells the number of an inserted row", async () => {
      const first = await insert("id 1", "owner", 1);
      const second = await insert("id 2", "owner", 1);
      expect(first.insertId).toBeGreaterThan(0);
      expect(second.insertId).toBeGreaterThan(first.insertId);
    });

    test.runIf(dialect === "postgres")("takes a parameter that occurs twice", async () => {
      const { rows } = await client.query("SELECT $2::text AS b, $1::bigint + $1::bigint AS a", [21, "x"]);
      expect(rows.map((row) => row.map(String))).toEqual([["x", "42"]]);
    });

    test("rejects with what the driver threw, and works on", async () => {
      await insert("unique", "owner", 1);
      const error: unknown = await insert("unique", "owner", 1).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect((await find("unique")).length).toBe(1);
    });

    test("takes part in a transaction that is in its place, which takes back what was done", async () => {
      const undone = new Error("undone");
      const running = opened.transaction(async ({ settings }) => {
        const inside = clientFrom(settings);
        await ask(`INSERT INTO ${table} (name, owner, number) VALUES (?, ?, ?)`, ["inside", "owner", 1], inside);
        const { rows } = await ask(`SELECT name FROM ${table} WHERE name = ?`, ["inside"], inside);
        expect(rows).toEqual([["inside"]]);
        throw undone;
      });
      await expect(running).rejects.toBe(undone);
      expect(await find("inside")).toEqual([]);
    });

    test("answers many that ask at once", async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          ask(`SELECT ${index} AS number FROM ${table} WHERE name = ?`, ["unique"]),
        ),
      );
      expect(answers.map(({ rows }) => Number(rows[0]?.[0]))).toEqual(Array.from({ length: 20 }, (_, index) => index));
    });
  });
}

/** The client that an adapter makes of its settings. */
export function clientFrom({ client, kysely, knex, sequelize, transaction }: Opened["settings"]): SqlClient {
  if (kysely !== undefined) {
    return kyselyClient(kysely);
  }
  if (knex !== undefined) {
    return knexClient(knex);
  }
  return sequelize === undefined ? clientOf(client) : sequelizeClient(sequelize, transaction);
}
