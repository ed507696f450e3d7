import { randomUUID } from "node:crypto";
import { openFile, ttlMs } from "../sqlite-file.mjs";

export const name = "better-sqlite3, two prepared statements";
export const backend = "sqlite";
export const role = "floor";

export function open(_keys, folder) {
  const database = openFile(folder, "better-sqlite3.db");
  const insert = database.prepare('INSERT INTO "lock" (key, owner, expiration) VALUES (?, ?, ?)');
  const remove = database.prepare('DELETE FROM "lock" WHERE key = ? AND owner = ?');
  const owner = randomUUID();
  return {
    async cycles(key, count) {
      for (let left = count; left > 0; left -= 1) {
        insert.run(key, owner, Date.now() + ttlMs);
        if (remove.run(key, owner).changes !== 1) {
          throw new Error(`"${key}" is held, and was not released`);
        }
      }
    },
    close() {
      database.close();
    },
  };
}
