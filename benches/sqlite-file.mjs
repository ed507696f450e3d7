// The file of a subject that works on better-sqlite3, with the table that such lock packages make.

import { join } from "node:path";
import Database from "better-sqlite3";

// Loads the binary: who cannot have it is left out now, and not found out in the middle of a measurement.
new Database(":memory:").close();

/** As long as a lease of the other subjects. */
export const ttlMs = 300_000;

export function openFile(folder, name) {
  const database = new Database(join(folder, name));
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = NORMAL");
  database.exec('CREATE TABLE "lock" (key varchar(255) PRIMARY KEY, owner varchar(255) NOT NULL, expiration bigint)');
  return database;
}
