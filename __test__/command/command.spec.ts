// The command of the package, as it is run in a shell.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { adapterOver } from "../lock/client-lock-adapter-tests";
import { clientFrom } from "../lock/sql-client-tests";
import { kinds } from "../lock/sql-handles.mjs";
import { makeDatabase } from "../lock/throwaway-database";

const root = join(__dirname, "..", "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  version: string;
  bin: { holdfast: string };
};

interface Ending {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function holdfast(...words: readonly string[]): Promise<Ending> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, manifest.bin.holdfast), ...words], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe.each([
  ["postgres", "pg"],
  ["mysql", "mysql2"],
  ["sqlite", "better-sqlite3"],
] as const)("holdfast ddl %s", (dialect, kind) => {
  test("prints statements that make a database fit for locks, and may be run again", async () => {
    const { code, stdout, stderr } = await holdfast("ddl", dialect, "--table", "guards");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const statements = stdout.split(/;\n(?!\s)/).filter((statement) => statement !== "");
    expect(statements.length).toBeGreaterThan(0);
    const database = await makeDatabase(dialect);
    const opened = (kinds[kind] as (typeof kinds)[string]).open({ url: database.url, size: 1 });
    try {
      for (const statement of [...statements, ...statements]) {
        await opened.query(statement);
      }
      const before = await definitions(dialect, opened);
      const adapter = adapterOver(kind, opened.settings, { tableName: "guards" });
      expect(await adapter.acquire("key", "owner", null)).toBe(true);
      expect(await adapter.acquire("key", "other", null)).toBe(false);
      expect(await definitions(dialect, opened)).toEqual(before);
    } finally {
      await opened.end();
      await database.drop();
    }
  });
});

/** All that is defined in a database, to see that nothing was added. */
async function definitions(dialect: string, { settings }: ReturnType<(typeof kinds)[string]["open"]>) {
  const statement = {
    postgres: "SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
    mysql: "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = database() ORDER BY 1",
    sqlite: "SELECT sql AS name FROM sqlite_master ORDER BY 1",
  }[dialect];
  const { rows } = await clientFrom(settings).query(statement ?? "", []);
  expect(rows.length).toBeGreaterThan(0);
  return rows;
}

describe("holdfast", () => {
  test("names the schema it was given", async () => {
    const { stdout } = await holdfast("ddl", "postgres", "--schema", "guards_of", "--table", "guards");
    expect(stdout).toContain('"guards_of"."guards"');
  });

  test.each(["--help", "-h"])("%s says what it can do", async (word) => {
    const { code, stdout, stderr } = await holdfast(word);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: holdfast ddl/);
  });

  test("--version prints that of the package", async () => {
    expect(await holdfast("--version")).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test.each([
    [[], /what to do is missing/],
    [["migrate"], /there is no "migrate"/],
    [["ddl"], /the database is missing; use postgres, mysql or sqlite/],
    [["ddl", "oracle"], /there is no database "oracle"; use postgres, mysql or sqlite/],
    [["ddl", "mysql", "more"], /"more" is too much/],
    [["ddl", "mysql", "--schema", "x"], /a schema is for postgres alone/],
    [["ddl", "mysql", "--tables", "x"], /--tables/],
    [["ddl", "mysql", "--table"], /--table/],
  ])("%j makes no sense, which it says on the error stream alone", async (words, message) => {
    const { code, stdout, stderr } = await holdfast(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^holdfast: .*\nholdfast --help/);
  });

  test("refuses a table's name that would need escaping", async () => {
    const { code, stdout, stderr } = await holdfast("ddl", "postgres", "--table", 'a"b');
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^holdfast: the table name/);
  });
});
