// Where the keys are: a place for each backend, with a way to have its own count of what it was asked.

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import Redis from "ioredis";
import { MongoClient } from "mongodb";
import mysql from "mysql2/promise";
import pg from "pg";
import { median } from "../quantile.mjs";

/** What the scripts call, which are one command each, and what asks for the statistics. */
const uncounted = new Set("info get mget set pttl pexpire pexpireat persist del time publish select".split(" "));
const commits = 51;

/**
 * @typedef {object} Place
 * @property {string} [adapter] its class
 * @property {string} [rival] in its place: another package, of those over Redis
 * @property {Record<string, string>} settings
 * @property {() => Promise<number>} [countCommands] what the server was asked so far, by its own statistics
 * @property {() => Promise<number>} [measureCommit] how long the server takes to have something on its disk, at the median
 * @property {() => Promise<void>} [close]
 */

/** @type {Record<string, (url: string, folder: string) => Place | Promise<Place>>} */
export const places = {
  memory: () => ({ adapter: "MemoryLockAdapter", settings: {} }),
  sqlite: (_, folder) => ({
    adapter: "SqliteLockAdapter",
    settings: { url: `sqlite:${join(folder, "locks.db")}` },
  }),
  redis: openRedis,
  postgres: openPostgres,
  mariadb: openMysql,
  mongodb: openMongodb,
};

function openRedis(url) {
  const client = new Redis(url);
  return {
    adapter: "RedisLockAdapter",
    settings: { url, keyPrefix: `${newName()}:` },
    countCommands: () => countCommandsOfRedis(client),
    close: async () => client.disconnect(),
  };
}

/** Those that scripts call are not counted. */
export async function countCommandsOfRedis(client) {
  const statistics = await client.info("commandstats");
  return [...statistics.matchAll(/^cmdstat_(.*?):calls=(\d+)/gm)]
    .filter(([, command]) => !uncounted.has(command))
    .reduce((sum, [, , calls]) => sum + Number(calls), 0);
}

/** In a database of its own, which has statistics of its own. */
async function openPostgres(server) {
  const name = newName();
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = name;
  return {
    adapter: "PostgresLockAdapter",
    settings: { url: url.href },
    async countCommands() {
      const { rows } = await client.query(
        "SELECT xact_commit + xact_rollback AS transactions FROM pg_stat_database WHERE datname = $1",
        [name],
      );
      return Number(rows[0].transactions);
    },
    async measureCommit() {
      await client.query("CREATE TABLE IF NOT EXISTS bench_commit (number int)");
      return timeCommits((number) => client.query("INSERT INTO bench_commit VALUES ($1)", [number]));
    },
    async close() {
      await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await client.end();
    },
  };
}

async function openMysql(url) {
  const tableName = newName();
  const connection = await mysql.createConnection({ uri: url });
  let own = 0;
  return {
    adapter: "MysqlLockAdapter",
    settings: { url, tableName },
    async countCommands() {
      own += 1;
      const [rows] = await connection.query("SHOW GLOBAL STATUS LIKE 'Questions'");
      return Number(rows[0].Value) - own;
    },
    async measureCommit() {
      await connection.query("CREATE TABLE IF NOT EXISTS bench_commit (number int)");
      return timeCommits((number) => connection.execute("INSERT INTO bench_commit VALUES (?)", [number]));
    },
    async close() {
      await connection.query(`DROP TABLE IF EXISTS bench_commit, ${tableName}`);
      await connection.end();
    },
  };
}

function openMongodb(url) {
  const name = newName();
  const client = new MongoClient(url);
  let own = 0;
  return {
    adapter: "MongodbLockAdapter",
    settings: { url, database: name },
    async countCommands() {
      own += 1;
      const { opcounters } = await client.db("admin").command({ serverStatus: 1 });
      return Object.values(opcounters).reduce((sum, count) => (typeof count === "number" ? sum + count : sum), 0) - own;
    },
    measureCommit() {
      const commits = client.db(name).collection("bench_commit", { writeConcern: { w: "majority" } });
      return timeCommits((number) => commits.insertOne({ number }));
    },
    async close() {
      await client.db(name).dropDatabase();
      await client.close();
    },
  };
}

function newName() {
  return `bench_${randomUUID().replaceAll("-", "")}`;
}

async function timeCommits(commit) {
  const times = [];
  for (let number = 0; number < commits; number += 1) {
    const begun = performance.now();
    await commit(number);
    times.push(performance.now() - begun);
  }
  return median(times);
}
