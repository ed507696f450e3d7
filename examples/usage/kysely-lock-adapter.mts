// Locks in the database that the application already reaches through Kysely.

import Sqlite from "better-sqlite3";
import { LockProvider } from "holdfast/lock";
import { KyselyLockAdapter } from "holdfast/lock/kysely-lock-adapter";
import { TimeSpan } from "holdfast/utilities";
import { Kysely, SqliteDialect } from "kysely";

const lockAdapter = new KyselyLockAdapter({
  kysely: new Kysely({
    dialect: new SqliteDialect({
      database: new Sqlite("local.db"),
    }),
  }),
});

// You need initialize the adapter once before using it.
await lockAdapter.init();

const lock = new LockProvider({ adapter: lockAdapter }).create("shared-resource");
console.log(await lock.runOrFail(async () => "done by one process at a time"));

// What is stored can be read and changed by hand.
const wasFree = await lockAdapter.transaction(async (transaction) => {
  if ((await transaction.find("by-hand")) !== null) {
    return false;
  }
  await transaction.upsert("by-hand", "me", TimeSpan.fromMinutes(5).toEndDate());
  return true;
});
const found = await lockAdapter.find("by-hand");
console.log(wasFree, found?.owner);
console.log(await lockAdapter.acquire("by-hand", "you", null));
console.log(await lockAdapter.updateExpiration("by-hand", "me", TimeSpan.fromMinutes(10).toEndDate()));
const removed = await lockAdapter.removeIfOwner("by-hand", "me");
console.log(await lockAdapter.removeIfOwner("by-hand", "you"), removed?.owner);
console.log(await lockAdapter.remove("by-hand"));

await lockAdapter.removeAllExpired();
await lockAdapter.deInit();

// Prints:
// done by one process at a time
// true me
// false
// 1
// null me
// null
