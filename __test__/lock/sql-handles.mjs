// The clients an application may have, as they are handed to an adapter. Used by specs and by processes they start.

import Sqlite from "better-sqlite3";
import createKnex from "knex";
import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect, sql } from "kysely";
import mysql from "mysql2";
import mysqlPromise from "mysql2/promise";
import pg from "pg";
import { Sequelize } from "sequelize";

/**
 * @typedef {object} Opened
 * @property {any} settings what names the handle in the settings of its adapter
 * @property {(statement: string) => Promise<unknown>} query runs a statement
 * @property {<T>(run: (inside: Pick<Opened, "settings" | "query">) => Promise<T>) => Promise<T>} transaction runs a
 *   function inside of a transaction of the handle, which is rolled back if the function rejects
 * @property {() => Promise<unknown>} end
 */

/**
 * @typedef {object} Kind
 * @property {"postgres" | "mysql" | "sqlite"} dialect
 * @property {"SqlLockAdapter" | "KyselyLockAdapter" | "KnexLockAdapter" | "SequelizeLockAdapter"} adapter
 * @property {(place: { url: string, size: number }) => Opened} open with a database, for SQLite the path of a file, and
 *   the size of a pool
 */

/** @type {Record<string, Kind>} */
export const kinds = {
  pg: {
    dialect: "postgres",
    adapter: "SqlLockAdapter",
    open({ url, size }) {
      const pool = new pg.Pool({ connectionString: url, max: size });
      return {
        settings: { client: pool },
        query: (statement) => pool.query(statement),
        async transaction(run) {
          const client = await pool.connect();
          try {
            const query = (/** @type {string} */ statement) => client.query(statement);
            return await enclosed(query, () => run({ settings: { client }, query }));
          } finally {
            client.release();
          }
        },
        end: () => pool.end(),
      };
    },
  },

  mysql2: {
    dialect: "mysql",
    adapter: "SqlLockAdapter",
    open({ url, size }) {
      const pool = mysql.createPool({ uri: url, connectionLimit: size });
      return { ...ofPromisePool(pool.promise()), settings: { client: pool } };
    },
  },

  "mysql2/promise": {
    dialect: "mysql",
    adapter: "SqlLockAdapter",
    open: ({ url, size }) => ofPromisePool(mysqlPromise.createPool({ uri: url, connectionLimit: size })),
  },

  "better-sqlite3": {
    dialect: "sqlite",
    adapter: "SqlLockAdapter",
    open: ({ url }) => ofSqlite(openFile(url)),
  },

  "node:sqlite": {
    dialect: "sqlite",
    adapter: "SqlLockAdapter",
    open({ url }) {
      const database = openFile(url);
      return { ...ofSqlite(database), settings: { client: likeNodeSqlite(database) } };
    },
  },

  "Kysely over pg": {
    dialect: "postgres",
    adapter: "KyselyLockAdapter",
    open: ({ url, size }) => ofKysely(new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: size }) })),
  },

  "Kysely over mysql2": {
    dialect: "mysql",
    adapter: "KyselyLockAdapter",
    open: ({ url, size }) =>
      ofKysely(new MysqlDialect({ pool: mysql.createPool({ uri: url, connectionLimit: size }) })),
  },

  "Kysely over better-sqlite3": {
    dialect: "sqlite",
    adapter: "KyselyLockAdapter",
    open: ({ url }) => ofKysely(new SqliteDialect({ database: openFile(url) })),
  },

  "Knex over pg": {
    dialect: "postgres",
    adapter: "KnexLockAdapter",
    open: ({ url, size }) => ofKnex({ client: "pg", connection: url, pool: { min: 0, max: size } }),
  },

  "Knex over mysql2": {
    dialect: "mysql",
    adapter: "KnexLockAdapter",
    open: ({ url, size }) => ofKnex({ client: "mysql2", connection: url, pool: { min: 0, max: size } }),
  },

  "Knex over better-sqlite3": {
    dialect: "sqlite",
    adapter: "KnexLockAdapter",
    open: ({ url }) => ofKnex({ client: "better-sqlite3", connection: { filename: url }, useNullAsDefault: true }),
  },

  "Knex over sqlite3": {
    dialect: "sqlite",
    adapter: "KnexLockAdapter",
    open: ({ url }) => ofKnex({ client: "sqlite3", connection: { filename: url }, useNullAsDefault: true }),
  },

  "Sequelize over pg": {
    dialect: "postgres",
    adapter: "SequelizeLockAdapter",
    open: ({ url, size }) => ofSequelize(url, { dialect: "postgres", pool: { max: size } }),
  },

  "Sequelize over mysql2": {
    dialect: "mysql",
    adapter: "SequelizeLockAdapter",
    open: ({ url, size }) => ofSequelize(url, { dialect: "mysql", pool: { max: size } }),
  },

  "Sequelize over sqlite3": {
    dialect: "sqlite",
    adapter: "SequelizeLockAdapter",
    open: ({ url }) => ofSequelize(`sqlite:${url}`, { dialect: "sqlite" }),
  },
};

/** @param {string} file */
function openFile(file) {
  const database = new Sqlite(file);
  database.pragma("journal_mode = WAL");
  return database;
}

/**
 * @template T
 * @param {(statement: string) => Promise<unknown>} query
 * @param {() => Promise<T>} run
 */
async function enclosed(query, run) {
  await query("BEGIN");
  try {
    const answer = await run();
    await query("COMMIT");
    return answer;
  } catch (error) {
    await query("ROLLBACK");
    throw error;
  }
}

/**
 * @param {mysqlPromise.Pool} pool
 * @returns {Opened}
 */
function ofPromisePool(pool) {
  return {
    settings: { client: pool },
    query: (statement) => pool.query(statement),
    async transaction(run) {
      const client = await pool.getConnection();
      try {
        const query = (/** @type {string} */ statement) => client.query(statement);
        return await enclosed(query, () => run({ settings: { client }, query }));
      } finally {
        client.release();
      }
    },
    end: () => pool.end(),
  };
}

/**
 * @param {import("better-sqlite3").Database} database
 * @returns {Opened}
 */
function ofSqlite(database) {
  const query = async (/** @type {string} */ statement) => database.exec(statement);
  const settings = { client: database };
  return {
    settings,
    query,
    transaction: (run) => enclosed(query, () => run({ settings, query })),
    end: async () => database.close(),
  };
}

/**
 * A `DatabaseSync` of `node:sqlite`, which Node 20 has not: the same methods, and rows as objects without a prototype.
 *
 * @param {import("better-sqlite3").Database} database
 */
function likeNodeSqlite(database) {
  return {
    exec: (/** @type {string} */ statement) => void database.exec(statement),
    prepare(/** @type {string} */ statement) {
      const prepared = database.prepare(statement);
      const run = (/** @type {unknown[]} */ ...parameters) => prepared.run(...parameters);
      const all = (/** @type {unknown[]} */ ...parameters) => {
        if (prepared.reader) {
          return prepared.all(...parameters).map((row) => Object.assign(Object.create(null), row));
        }
        run(...parameters);
        return [];
      };
      return { all, run, get: (/** @type {unknown[]} */ ...parameters) => all(...parameters)[0] };
    },
  };
}

/**
 * @param {import("kysely").Dialect} dialect
 * @returns {Opened}
 */
function ofKysely(dialect) {
  const kysely = new Kysely({ dialect });
  return {
    settings: { kysely },
    query: (statement) => sql.raw(statement).execute(kysely),
    transaction: (run) =>
      kysely
        .transaction()
        .execute((transaction) =>
          run({ settings: { kysely: transaction }, query: (statement) => sql.raw(statement).execute(transaction) }),
        ),
    end: () => kysely.destroy(),
  };
}

/**
 * @param {import("knex").Knex.Config} config
 * @returns {Opened}
 */
function ofKnex(config) {
  const knex = createKnex(config);
  return {
    settings: { knex },
    query: async (statement) => knex.raw(statement),
    transaction: (run) =>
      knex.transaction((transaction) =>
        run({ settings: { knex: transaction }, query: async (statement) => transaction.raw(statement) }),
      ),
    end: () => knex.destroy(),
  };
}

/**
 * @param {string} url
 * @param {import("sequelize").Options} options
 * @returns {Opened}
 */
function ofSequelize(url, options) {
  const sequelize = new Sequelize(url, { ...options, logging: false });
  return {
    settings: { sequelize },
    query: (statement) => sequelize.query(statement),
    transaction: (run) =>
      sequelize.transaction((transaction) =>
        run({
          settings: { sequelize, transaction },
          query: (statement) => sequelize.query(statement, { transaction }),
        }),
      ),
    end: () => sequelize.close(),
  };
}
