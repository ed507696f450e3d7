// What the server itself can do: the statements of the subject "pg", sent by its own load generator, which is written in C.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { findPrograms } from "../../scripts/servers/programs.mjs";
import { ttlMs } from "../sql-tables.mjs";

const [program] = Object.values(findPrograms(["pgbench"]) ?? {});
if (program === undefined) {
  throw new Error("pgbench is not installed, so the limit of the server stands beside nothing");
}

export const name = "pgbench, two prepared statements, up to 64 clients";
export const backends = ["postgres", "postgres-asynchronous"];
export const role = "floor";
export const every = 10;
/** In a slice, which does not count the time it takes to connect. */
const cycles = 2_000;

const now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
const script = `
INSERT INTO pgbench_lock AS held VALUES ('key-' || :client_id::text, 'owner', ${now} + ${ttlMs}) ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expiration = excluded.expiration WHERE held.expiration <= ${now};
DELETE FROM pgbench_lock WHERE key = 'key-' || :client_id::text AND owner = 'owner';
`;

export function open(keys, folder, url) {
  const file = join(folder, "cycle.sql");
  writeFileSync(file, script);
  const clients = Math.min(keys.length, 64);
  const each = Math.ceil(cycles / clients);
  const options = ["-n", "-M", "prepared", "-c", `${clients}`, "-j", "1", "-t", `${each}`, "-f", file];
  return {
    async slice() {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(
        "CREATE TABLE IF NOT EXISTS pgbench_lock (key text PRIMARY KEY, owner text, expiration bigint)",
      );
      await client.end();
      const { stdout } = await promisify(execFile)(program, [...options, url]);
      const [, perSecond] = /tps = ([\d.]+) \(without/.exec(stdout) ?? [];
      return 1e6 / Number(perSecond);
    },
    close() {},
  };
}
