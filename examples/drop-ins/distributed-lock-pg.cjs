// A job that a fleet starts at the same time and one process runs, over a pool of pg.

const { Pool } = require("pg");
const DistributedLock = require("holdfast/distributed-lock");

const pool = new Pool({ connectionString: process.env.DATABASE_URL });

const report = () =>
  new DistributedLock("nightly-report", {
    queryInterface: pool,
    lockTableName: "distributed_lock",
    lockTTLSeconds: 60,
    skipIfObtained: true,
  });

report()
  .lock(async () => {
    console.log("somebody else:", (await report().lock(() => "written again")) === DistributedLock.EXECUTION_SKIPPED);
    return "written";
  })
  .then((result) => console.log("this process:", result))
  .finally(() => pool.end());

// Prints:
// somebody else: true
// this process: written
