// One of the processes that are deployed at once and all bring the database up to date, behind the lock.

import DistributedLock from "holdfast/distributed-lock";
import { DataTypes } from "sequelize";
import { SequelizeStorage, Umzug } from "umzug";
import { openHandle } from "./handles.mjs";

const [handleName = "", file = "", table = ""] = process.argv.slice(2);
const handle = openHandle(handleName, file);
const { queryInterface } = handle;
const lock = new DistributedLock("migrations", { queryInterface, lockTableName: `${table}_lock` });

/** @type {Record<string, () => Promise<unknown>>} */
const migrations = {
  knex: () =>
    queryInterface.migrate.latest({
      tableName: `${table}_done`,
      migrationSource: {
        getMigrations: async () => ["first"],
        getMigrationName: (/** @type {string} */ name) => name,
        getMigration: async () => ({
          up: async (/** @type {import("knex").Knex} */ knex) => {
            await knex.schema.createTable(table, (columns) => columns.integer("pid"));
            await knex(table).insert({ pid: process.pid });
          },
          down: async () => undefined,
        }),
      },
    }),
  sequelize: () =>
    new Umzug({
      migrations: [
        {
          name: "first",
          up: async () => {
            await queryInterface.createTable(table, { pid: DataTypes.INTEGER });
            await queryInterface.bulkInsert(table, [{ pid: process.pid }]);
          },
        },
      ],
      storage: new SequelizeStorage({ sequelize: queryInterface.sequelize, tableName: `${table}_done` }),
      logger: undefined,
    }).up(),
};

process.on("message", async () => {
  await lock.lock(migrations[handleName.split(" ")[0] ?? ""]);
  await handle.close();
  process.disconnect();
});
process.send?.("ready");
