// The handles of applications: each client of the lock on each of its databases.

import knex from "knex";
import { Pool } from "pg";
import { Sequelize } from "sequelize";

for (const name of ["POSTGRES_URL", "MYSQL_URL"]) {
  if (!process.env[name]) {
    throw new Error(`These tests need servers; run them with "npm test", or set ${name}`);
  }
}
const { POSTGRES_URL = "", MYSQL_URL = "" } = process.env;

/**
 * @typedef {object} Handle
 * @property {any} queryInterface
 * @property {(sql: string) => Promise<any[]>} query answers the rows
 * @property {() => Promise<void>} close
 */

/** @param {Sequelize} sequelize @returns {Handle} */
function overSequelize(sequelize) {
  return {
    queryInterface: sequelize.getQueryInterface(),
    query: async (sql) => (await sequelize.query(sql))[0],
    close: () => sequelize.close(),
  };
}

/** @param {import("knex").Knex} handle @returns {Handle} */
function overKnex(handle) {
  return {
    queryInterface: handle,
    query: async (sql) => {
      const answer = await handle.raw(sql);
      return answer.rows ?? (Array.isArray(answer[0]) ? answer[0] : answer);
    },
    close: () => handle.destroy(),
  };
}

/** By "client dialect". @type {Record<string, (file: string) => Handle>} */
const openers = {
  "sequelize postgres": () => overSequelize(new Sequelize(POSTGRES_URL, { logging: false })),
  "sequelize mysql": () => overSequelize(new Sequelize(MYSQL_URL, { logging: false })),
  "sequelize sqlite": (file) => overSequelize(new Sequelize({ dialect: "sqlite", storage: file, logging: false })),
  "knex postgres": () => overKnex(knex({ client: "pg", connection: POSTGRES_URL })),
  "knex mysql": () => overKnex(knex({ client: "mysql2", connection: MYSQL_URL })),
  "knex sqlite": (file) =>
    overKnex(knex({ client: "better-sqlite3", connection: { filename: file }, useNullAsDefault: true })),
  "pg postgres": () => {
    const pool = new Pool({ connectionString: POSTGRES_URL });
    return {
      queryInterface: pool,
      query: async (sql) => (await pool.query(sql)).rows,
      close: () => pool.end(),
    };
  },
};

/** @param {string} name @param {string} file of SQLite */
export function openHandle(name, file) {
  const open = openers[name];
  if (open === undefined) {
    throw new Error(`There is no handle ${name}`);
  }
  return open(file);
}

export const handleNames = Object.keys(openers);
