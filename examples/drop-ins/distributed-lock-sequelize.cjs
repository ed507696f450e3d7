// The lock of @ndustrial/sequelize-distributed-lock over Sequelize: only its name has changed.

const Sequelize = require("sequelize");
const DistributedLock = require("holdfast/distributed-lock");

const sequelize = new Sequelize(process.env.DATABASE_URL ?? "sqlite:locks.db", { logging: false });

const importantLogic = async () => {
  // will never run at the same time
};

const importantLock = new DistributedLock("my-important-logic-lock", {
  queryInterface: sequelize.queryInterface,
});

importantLock
  .lock(importantLogic) // Ensures importantLogic is run by a single node at a time
  .then(() => {
    console.log("Done!");
  })
  .finally(() => sequelize.close());

// Prints:
// Done!
