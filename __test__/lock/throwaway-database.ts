import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mysql from "mysql2/promise";
import pg from "pg";

/** A database that nobody else uses. */
export interface ThrowawayDatabase {
  /** Where it is; for SQLite the path of a file. */
  readonly url: string;
  drop(): Promise<void>;
}

/** Makes one on the server that a variable of the environment names. */
export async function makeDatabase(dialect: "postgres" | "mysql" | "sqlite"): Promise<ThrowawayDatabase> {
  if (dialect === "sqlite") {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-sql-"));
    return { url: join(folder, "locks.db"), drop: () => rm(folder, { recursive: true }) };
  }
  const variable = dialect === "postgres" ? "POSTGRES_URL" : "MYSQL_URL";
  const server = process.env[variable];
  if (server === undefined) {
    throw new Error(`${variable} names no server; npm test provides one, or set it`);
  }
  const [ask, force] = dialect === "postgres" ? [askPostgres, " WITH (FORCE)"] : [askMysql, ""];
  const name = `holdfast_${randomUUID().replaceAll("-", "")}`;
  await ask(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = name;
  return {
    url: url.href,
    // PostgreSQL gives sessions that are closing some seconds. One that is ended may throw in the client whose it was.
    drop: () => ask(server, `DROP DATABASE ${name}`).catch(() => ask(server, `DROP DATABASE ${name}${force}`)),
  };
}

async function askPostgres(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function askMysql(server: string, statement: string): Promise<void> {
  const connection = await mysql.createConnection({ uri: server });
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}
