import pg from "pg";
import { openTable, ttlMs } from "../sql-tables.mjs";

export const name = "pg, two prepared statements";
export const backends = ["postgres", "postgres-asynchronous"];
export const role = "floor";

export function open(keys, _folder, url) {
  const pool = new pg.Pool({ connectionString: url });
  // Its connections may still be closing when the server stops.
  pool.on("error", () => undefined);
  const run = async (name, text, values) => (await pool.query({ name, text, values })).rowCount === 1;
  return openTable(keys, {
    create: async () => {
      await pool.query("CREATE TABLE IF NOT EXISTS pg_lock (key text PRIMARY KEY, owner text, expiration bigint)");
    },
    acquire: (key, owner) =>
      run(
        "acquire",
        "INSERT INTO pg_lock AS held VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expiration = excluded.expiration WHERE held.expiration <= $4",
        [key, owner, Date.now() + ttlMs, Date.now()],
      ),
    release: (key, owner) => run("release", "DELETE FROM pg_lock WHERE key = $1 AND owner = $2", [key, owner]),
    close: () => pool.end(),
  });
}
