// The lock of @ndustrial/sequelize-distributed-lock over Knex: only its name has changed.

const KnexJs = require("knex");
const DistributedLock = require("holdfast/distributed-lock");

const { DATABASE_CLIENT = "better-sqlite3", DATABASE_URL = ":memory:" } = process.env;
const knex = new KnexJs({ client: DATABASE_CLIENT, connection: DATABASE_URL, useNullAsDefault: true });

const importantLogic = async () => {
  // will never run at the same time
};

const importantLock = new DistributedLock("my-important-logic-lock", {
  queryInterface: knex,
});

importantLock
  .lock(importantLogic) // Ensures importantLogic is run by a single node at a time
  .then(() => {
    console.log("Done!");
  })
  .finally(() => knex.destroy());

// Prints:
// Done!
