import { type Dialect, OWNER_PREFIX } from "./dialect";

// (mutex, ts, node_id): `ts` is the moment the lease ends, in UTC whatever the time zone of the session, because a
// TIMESTAMP has an hour in the year in which it cannot be told what it means. The names are compared byte for byte.

const NOW = "UTC_TIMESTAMP(3)";

/** No such table, no such database. */
const MISSING = ["ER_NO_SUCH_TABLE", "ER_BAD_DB_ERROR"];
const CONTENDED = ["ER_LOCK_DEADLOCK", "ER_LOCK_WAIT_TIMEOUT", "ER_CHECKREAD"];

/** MySQL, 5.7 or newer, and MariaDB. */
export const mysql: Dialect = {
  names: { quote: "`", longest: 64, fold: (name) => name },
  takesBatches: false,
  statements(table, schema) {
    const end = `${NOW} + INTERVAL ROUND($3 * 1000000) MICROSECOND`;
    return {
      create: [
        ...(schema === undefined ? [] : [`CREATE DATABASE IF NOT EXISTS ${schema}`]),
        `CREATE TABLE IF NOT EXISTS ${table} (
          mutex VARCHAR(36) NOT NULL,
          ts DATETIME(3) NOT NULL,
          node_id VARCHAR(36) NOT NULL,
          PRIMARY KEY (mutex)
        ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
      ],
      sweep: `DELETE FROM ${table} WHERE node_id LIKE '${OWNER_PREFIX}%' AND ts < ${NOW}`,
      // One after the other, from left to right: the second assignment sees what the first one has made.
      obtain: `INSERT INTO ${table} (mutex, ts, node_id) VALUES ($1, ${end}, $2)
        ON DUPLICATE KEY UPDATE
          node_id = IF(ts <= ${NOW}, VALUES(node_id), node_id),
          ts = IF(node_id = VALUES(node_id), VALUES(ts), ts)`,
      holder: `SELECT node_id FROM ${table} WHERE mutex = $1 AND ts > ${NOW}`,
      renew: `UPDATE ${table} SET ts = ${end} WHERE mutex = $1 AND node_id = $2 AND ts > ${NOW}`,
      release: `DELETE FROM ${table} WHERE mutex = $1 AND node_id = $2`,
    };
  },
  isMissing: ({ code }) => MISSING.includes(code),
  isContended: ({ code }) => CONTENDED.includes(code),
};
