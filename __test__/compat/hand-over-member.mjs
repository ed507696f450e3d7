// One of the processes that hand the same lock to each other: takes it as often as it is told to.

import DistributedLock from "holdfast/distributed-lock";
import { Pool } from "pg";

const [table = "", times = ""] = process.argv.slice(2);
const pool = new Pool({ connectionString: process.env.POSTGRES_URL });
const lock = new DistributedLock("hand-over", { queryInterface: pool, lockTableName: table });

process.on("message", async () => {
  for (let time = 0; time < Number(times); time += 1) {
    await lock.lock();
  }
  await pool.end();
  process.send?.("done", () => process.disconnect());
});
void lock.lock().then(() => process.send?.("ready"));
