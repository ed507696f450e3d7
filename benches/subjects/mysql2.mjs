import mysql from "mysql2/promise";
import { openTable, ttlMs } from "../sql-tables.mjs";

export const name = "mysql2, two prepared statements";
export const backends = ["mariadb"];
export const role = "floor";

export function open(keys, _folder, url) {
  const pool = mysql.createPool({ uri: url, connectionLimit: 10 });
  const run = async (statement, values) => (await pool.execute(statement, values))[0].affectedRows > 0;
  return openTable(keys, {
    create: async () => {
      await pool.query(
        "CREATE TABLE IF NOT EXISTS mysql2_lock (`key` varchar(255) PRIMARY KEY, owner varchar(255), expiration bigint)",
      );
    },
    acquire: (key, owner) =>
      run("INSERT IGNORE INTO mysql2_lock VALUES (?, ?, ?)", [key, owner, String(Date.now() + ttlMs)]),
    release: (key, owner) => run("DELETE FROM mysql2_lock WHERE `key` = ? AND owner = ?", [key, owner]),
    close: () => pool.end(),
  });
}
