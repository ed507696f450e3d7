// Deletes expired leases all the time, also after the database was closed, and has nothing to do but that.

import { setTimeout } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import { KyselyLockAdapter, TimeSpan } from "holdfast";
import { Kysely, SqliteDialect } from "kysely";

const [file, isClosed] = process.argv.slice(2);
const kysely = new Kysely({ dialect: new SqliteDialect({ database: new Sqlite(file) }) });
const adapter = new KyselyLockAdapter({ kysely, expiredKeysRemovalInterval: TimeSpan.fromMilliseconds(5) });
await adapter.init();
await adapter.acquire("expired", "owner", TimeSpan.fromMilliseconds(0));
if (isClosed === "closed") {
  await kysely.destroy();
  await setTimeout(500);
}
