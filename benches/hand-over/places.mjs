// Where the keys are: one place for each database, with a way to have its own count of what it was asked.

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import Redis from "ioredis";
import { MongoClient } from "mongodb";
import mysql from "mysql2/promise";
import pg from "pg";

/** What the scripts call, which are one command each, and what asks for the statistics. */
const uncounted = new Set(["info", "get", "set", "pttl", "pexpire", "pexpireat", "persist", "del", "time", "publish"]);

/**
 * @typedef {object} Place
 * @property {string} name
 * @property {string} adapter its class
 * @property {Record<string, string>} settings
 * @property {boolean} [isInProcess] other processes cannot reach it
 * @property {() => Promise<number>} [countCommands] what the server was asked so far, by its own statistics
 * @property {() => Promise<void>} [close]
 */

/**
 * @param {Record<string, string>} servers URLs by the name of the environment variable
 * @param {string} folder
 * @returns {Promise<Place[]>}
 */
export async function openPlaces(servers, folder) {
  const name = `bench_${randomUUID().replaceAll("-", "")}`;
  return [
    { name: "memory", adapter: "MemoryLockAdapter", settings: {}, isInProcess: true },
    { name: "SQLite", adapter: "SqliteLockAdapter", settings: { url: `sqlite:${join(folder, "locks.db")}` } },
    ...(servers.REDIS_URL ? [redisPlace(servers.REDIS_URL, name)] : []),
    ...(servers.POSTGRES_URL ? [await postgresPlace(servers.POSTGRES_URL, name)] : []),
    ...(servers.MYSQL_URL ? [await mysqlPlace(servers.MYSQL_URL, name)] : []),
    ...(servers.MONGODB_URL ? [mongodbPlace(servers.MONGODB_URL, name)] : []),
  ];
}

function redisPlace(url, name) {
  const client = new Redis(url);
  return {
    name: "Redis",
    adapter: "RedisLockAdapter",
    settings: { url, keyPrefix: `${name}:` },
    async countCommands() {
      const statistics = await client.info("commandstats");
      return [...statistics.matchAll(/^cmdstat_(.*?):calls=(\d+)/gm)]
        .filter(([, command]) => !uncounted.has(command))
        .reduce((sum, [, , calls]) => sum + Number(calls), 0);
    },
    close: async () => client.disconnect(),
  };
}

/** In a database of its own, which has statistics of its own. */
async function postgresPlace(server, name) {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = name;
  return {
    name: "PostgreSQL",
    adapter: "PostgresLockAdapter",
    settings: { url: url.href },
    async countCommands() {
      const { rows } = await client.query(
        "SELECT xact_commit + xact_rollback AS transactions FROM pg_stat_database WHERE datname = $1",
        [name],
      );
      return Number(rows[0].transactions);
    },
    async close() {
      await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await client.end();
    },
  };
}

async function mysqlPlace(url, tableName) {
  const connection = await mysql.createConnection({ uri: url });
  let own = 0;
  return {
    name: "MariaDB",
    adapter: "MysqlLockAdapter",
    settings: { url, tableName },
    async countCommands() {
      own += 1;
      const [rows] = await connection.query("SHOW GLOBAL STATUS LIKE 'Questions'");
      return Number(rows[0].Value) - own;
    },
    async close() {
      await connection.query(`DROP TABLE IF EXISTS ${tableName}`);
      await connection.end();
    },
  };
}

function mongodbPlace(url, name) {
  const client = new MongoClient(url);
  let own = 0;
  return {
    name: "MongoDB",
    adapter: "MongodbLockAdapter",
    settings: { url, database: name },
    async countCommands() {
      own += 1;
      const { opcounters } = await client.db("admin").command({ serverStatus: 1 });
      return Object.values(opcounters).reduce((sum, count) => (typeof count === "number" ? sum + count : sum), 0) - own;
    },
    async close() {
      await client.db(name).dropDatabase();
      await client.close();
    },
  };
}
