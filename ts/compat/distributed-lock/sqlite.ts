import { type Dialect, OWNER_PREFIX } from "./dialect";

// (mutex, ts, node_id): `ts` is the moment the lease ends, in UTC, as text that sorts by time. The clock is the host's:
// the host is the database.

const NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')";

/** SQLite, 3.24 or newer. */
export const sqlite: Dialect = {
  names: { quote: '"', longest: 1_000, fold: (name) => name },
  takesBatches: false,
  statements(table) {
    const end = "strftime('%Y-%m-%d %H:%M:%f', 'now', '+' || $3 || ' seconds')";
    return {
      // A schema is an attached file, which only the application can attach.
      create: [
        `CREATE TABLE IF NOT EXISTS ${table} (
          mutex VARCHAR(36) NOT NULL,
          ts DATETIME NOT NULL,
          node_id VARCHAR(36) NOT NULL,
          PRIMARY KEY (mutex)
        )`,
      ],
      sweep: `DELETE FROM ${table} WHERE node_id LIKE '${OWNER_PREFIX}%' AND ts < ${NOW}`,
      obtain: `INSERT INTO ${table} AS held (mutex, ts, node_id) VALUES ($1, ${end}, $2)
        ON CONFLICT (mutex) DO UPDATE SET ts = excluded.ts, node_id = excluded.node_id WHERE held.ts <= ${NOW}`,
      holder: `SELECT node_id FROM ${table} WHERE mutex = $1 AND ts > ${NOW}`,
      renew: `UPDATE ${table} SET ts = ${end} WHERE mutex = $1 AND node_id = $2 AND ts > ${NOW}`,
      release: `DELETE FROM ${table} WHERE mutex = $1 AND node_id = $2`,
    };
  },
  isMissing: ({ message }) => message.includes("no such table"),
  isContended: ({ code }) => /^SQLITE_(BUSY|LOCKED)/.test(code),
};
