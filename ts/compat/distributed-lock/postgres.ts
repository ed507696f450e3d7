import { type Dialect, OWNER_PREFIX } from "./dialect";

// (mutex, ts, node_id) as the replaced package makes it. In a row of that package `ts` is the moment the lock was taken,
// and whoever asks says by its own ttl whether that is too long ago; in a row of ours `ts` is the moment the lease ends.
// The replaced package removes every row whose `ts` is older than the caller's ttl, so it leaves ours alone for as long
// as they are renewed, however short a stranger's ttl is.
//
// The replaced package locks the whole table in ACCESS EXCLUSIVE mode around what it does. Each statement here locks it
// in a weaker mode and so waits for that; two of ours exclude each other by the row.

/** `clock_timestamp()`: a statement may have waited for the table, and the time at which it began is of no use then. */
const NOW = "clock_timestamp()";

/** undefined_table, invalid_schema_name */
const MISSING = ["42P01", "3F000"];
/** serialization_failure, deadlock_detected, lock_not_available */
const CONTENDED = ["40001", "40P01", "55P03"];

/** PostgreSQL, 9.5 or newer. */
export const postgres: Dialect = {
  names: { quote: '"', longest: 63, fold: (name) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) },
  takesBatches: true,
  statements(table, schema) {
    return {
      create: [
        ...(schema === undefined ? [] : [`CREATE SCHEMA IF NOT EXISTS ${schema}`]),
        `CREATE TABLE IF NOT EXISTS ${table} (
          mutex VARCHAR(36) NOT NULL,
          ts TIMESTAMPTZ NOT NULL,
          node_id VARCHAR(36) NOT NULL,
          PRIMARY KEY (mutex)
        )`,
      ],
      sweep: `DELETE FROM ${table} WHERE node_id LIKE '${OWNER_PREFIX}%' AND ts < ${NOW}`,
      // Looks before it writes: a refused upsert locks the row and writes to the log.
      obtain: `INSERT INTO ${table} AS held (mutex, ts, node_id)
        SELECT asked.mutex, ${NOW} + $2::float8 * interval '1 second', asked.owner
        FROM json_to_recordset($1::json) AS asked(mutex varchar, owner varchar)
        WHERE NOT EXISTS (SELECT 1 FROM ${table} AS held WHERE held.mutex = asked.mutex AND NOT (${isOver("$2")}))
        ON CONFLICT (mutex) DO UPDATE SET ts = excluded.ts, node_id = excluded.node_id WHERE ${isOver("$2")}
        RETURNING node_id`,
      holder: `SELECT node_id FROM ${table} AS held WHERE mutex = $1::varchar AND NOT (${isOver("$2")})`,
      renew: `UPDATE ${table} SET ts = ${NOW} + $3::float8 * interval '1 second' WHERE mutex = $1::varchar AND node_id = $2::varchar AND ts > ${NOW}`,
      // A release need not be on the disk: one that is lost is a lock that lives to its end. It saves the caller a flush.
      release: `DELETE FROM ${table} AS held
        USING json_to_recordset($1::json) AS asked(mutex varchar, owner varchar)
        WHERE held.mutex = asked.mutex AND held.node_id = asked.owner
          AND set_config('synchronous_commit', 'off', true) IS NOT NULL
        RETURNING held.node_id`,
    };
  },
  isMissing: ({ code }) => MISSING.includes(code),
  isContended: ({ code }) => CONTENDED.includes(code),
};

/** @param ttl of the caller: all that is known of the ttl of a lock of the replaced package */
function isOver(ttl: string): string {
  return `CASE WHEN held.node_id LIKE '${OWNER_PREFIX}%' THEN held.ts <= ${NOW}
    ELSE held.ts < ${NOW} - ${ttl}::float8 * interval '1 second' END`;
}
