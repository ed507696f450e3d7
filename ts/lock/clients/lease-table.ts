import type { SqlClient, SqlDialect, SqlParameter } from "../adapters/sql-client";
import type { IDatabaseLockTransaction, ILockData } from "../contracts/database-lock-adapter";
import { LockAdapterError } from "../contracts/errors";
import { rewritePlaceholders } from "./placeholders";
import { storedValue } from "./stored-value";

/** Microseconds since the epoch by the clock of the server, which is that of the host for SQLite. */
const NOW: Readonly<Record<SqlDialect, string>> = {
  postgres: "floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
  mysql: "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
  sqlite: "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
};

/** A released lease stays as a row, for the sake of its fence, with an end that no lease has. */
const IS_LEASE = "(expiration IS NULL OR expiration > 0)";

/** How often a row may change between being looked at and being deleted, before it is given up. */
const MOST_LOOKS = 100;

/** The leases as rows of a table, for what is asked of them by key, owner and date. */
export class LeaseTable implements IDatabaseLockTransaction {
  private readonly table: string;
  private readonly key: string;

  constructor(
    private readonly client: SqlClient,
    { tableName = "lock", schema }: { tableName?: string | undefined; schema?: string | undefined },
  ) {
    const quote = client.dialect === "mysql" ? "`" : '"';
    const quoted = (name: string) => `${quote}${name}${quote}`;
    this.table = schema === undefined ? quoted(tableName) : `${quoted(schema)}.${quoted(tableName)}`;
    this.key = quoted("key");
  }

  /** The lease of a key, expired or not; `null`: there is none. */
  async find(key: string): Promise<ILockData | null> {
    return this.one(`SELECT owner, expiration FROM ${this.table} WHERE ${this.key} = ? AND ${IS_LEASE}`, [key]);
  }

  /** Writes the lease of a key, in the place of another if there is one. */
  async upsert(key: string, owner: string, expiration: Date | null): Promise<void> {
    const { table, client } = this;
    const isMysql = client.dialect === "mysql";
    const replacing = isMysql ? "ON DUPLICATE KEY UPDATE" : `ON CONFLICT (${this.key}) DO UPDATE SET`;
    const given = (column: string) => (isMysql ? `VALUES(${column})` : `excluded.${column}`);
    const greatest = client.dialect === "sqlite" ? "max" : "greatest";
    await this.run(
      `INSERT INTO ${table} (${this.key}, owner, expiration, fence) VALUES (?, ?, ?, ${NOW[client.dialect]}) ` +
        `${replacing} owner = ${given("owner")}, expiration = ${given("expiration")}, ` +
        `fence = ${greatest}(${isMysql ? "" : `${table}.`}fence + 1, ${given("fence")})`,
      [key, owner, expiration?.getTime() ?? null],
    );
  }

  /** Deletes the lease of a key, if it is of the owner where one is given. What was deleted, expired or not. */
  async remove(key: string, owner?: string): Promise<ILockData | null> {
    if (this.client.dialect === "mysql") {
      return this.removeWhatIsSeen(key, owner);
    }
    const [condition, parameters] = owner === undefined ? ["", [key]] : [" AND owner = ?", [key, owner]];
    return this.one(
      `DELETE FROM ${this.table} WHERE ${this.key} = ?${condition} AND ${IS_LEASE} RETURNING owner, expiration`,
      parameters,
    );
  }

  /** Sets the end of a lease of the owner's that has one and has not expired. How many there were: 1 or 0. */
  async updateExpiration(key: string, owner: string, expiration: Date): Promise<number> {
    const condition = `${this.key} = ? AND owner = ? AND expiration > ${NOW[this.client.dialect]} / 1000`;
    const { affectedRows } = await this.run(`UPDATE ${this.table} SET expiration = ? WHERE ${condition}`, [
      expiration.getTime(),
      key,
      owner,
    ]);
    return affectedRows;
  }

  // MySQL deletes without saying what. So that what is answered is what was deleted, just that is.
  private async removeWhatIsSeen(key: string, owner: string | undefined): Promise<ILockData | null> {
    for (let look = 0; look < MOST_LOOKS; look++) {
      const seen = await this.find(key);
      if (seen === null || (owner !== undefined && seen.owner !== owner)) {
        return null;
      }
      const { affectedRows } = await this.run(
        `DELETE FROM ${this.table} WHERE ${this.key} = ? AND owner = ? AND expiration <=> ?`,
        [key, seen.owner, seen.expiration?.getTime() ?? null],
      );
      if (affectedRows > 0) {
        return seen;
      }
    }
    throw new LockAdapterError("A lease changed each time it was about to be removed; try again");
  }

  private async one(sql: string, parameters: SqlParameter[]): Promise<ILockData | null> {
    const { rows } = await this.run(sql, parameters);
    const [row] = rows;
    if (row === undefined) {
      return null;
    }
    const [owner, expiration] = row.map(storedValue);
    return {
      owner: String(owner),
      expiration: expiration === null || expiration === undefined ? null : new Date(Number(expiration)),
    };
  }

  private run(text: string, values: readonly SqlParameter[]) {
    if (this.client.dialect !== "postgres") {
      return this.client.query(text, values);
    }
    const { sql, parameters } = rewritePlaceholders(text, values, (position) => `$${position}`);
    return this.client.query(sql, parameters);
  }
}
