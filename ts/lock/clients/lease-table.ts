import type { SqlClient, SqlDialect, SqlParameter, SqlResult } from "../adapters/sql-client";
import type { IDatabaseLockTransaction, ILockData } from "../contracts/database-lock-adapter";
import { LockAdapterError } from "../contracts/errors";
import { rewritePlaceholders } from "./placeholders";
import { storedValue } from "./stored-value";

/** How the dialects differ in what is needed here. */
interface Speech {
  readonly quote: string;
  /** Microseconds since the epoch by the clock of the server, which is that of the host for SQLite. */
  readonly now: string;
  /** A placeholder for a key, and one for an owner, and what is bound to them. */
  readonly key: string;
  readonly owner: string;
  readonly bound: (text: string) => string;
  /** Whether an owner is the one that is bound. */
  readonly isOwner: string;
}

const SPEECH: Readonly<Record<SqlDialect, Speech>> = {
  postgres: {
    quote: '"',
    now: "floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
    key: "?",
    owner: "?",
    bound: (text) => text,
    isOwner: "owner = ?",
  },
  // Text travels as hexadecimal digits: no sql_mode and no character set changes them. No collation is asked.
  mysql: {
    quote: "`",
    now: "TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', UTC_TIMESTAMP(6))",
    key: "UNHEX(?)",
    owner: "CONVERT(UNHEX(?) USING utf8mb4)",
    bound: (text) => Buffer.from(text).toString("hex"),
    isOwner: "CAST(owner AS BINARY) = UNHEX(?)",
  },
  sqlite: {
    quote: '"',
    // A day as a float is off by some ten microseconds; cut off and not rounded, it may be the millisecond before.
    now: "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000",
    key: "?",
    owner: "?",
    bound: (text) => text,
    isOwner: "owner = ?",
  },
};

/** A released lease may stay as a row, for the sake of its fence, with an end that no lease has. */
const IS_LEASE = "(expiration IS NULL OR expiration > 0)";

/** How often a row may change between being looked at and being deleted, before it is given up. */
const MOST_LOOKS = 100;

/** The leases as rows of a table, for what is asked of them by key, owner and date. */
export class LeaseTable implements IDatabaseLockTransaction {
  private readonly speech: Speech;
  private readonly table: string;
  /** The condition that a row is of a key. */
  private readonly isKey: string;

  constructor(
    private readonly client: SqlClient,
    { tableName = "lock", schema }: { tableName?: string | undefined; schema?: string | undefined },
  ) {
    this.speech = SPEECH[client.dialect];
    const { quote, key } = this.speech;
    const quoted = (name: string) => `${quote}${name}${quote}`;
    this.table = schema === undefined ? quoted(tableName) : `${quoted(schema)}.${quoted(tableName)}`;
    this.isKey = `${quoted("key")} = ${key}`;
  }

  /** The lease of a key, expired or not; `null`: there is none. */
  async find(key: string): Promise<ILockData | null> {
    return this.one(`SELECT owner, expiration FROM ${this.table} WHERE ${this.isKey} AND ${IS_LEASE}`, [
      this.bound(key),
    ]);
  }

  /** Writes the lease of a key, in the place of another if there is one. */
  async upsert(key: string, owner: string, expiration: Date | null): Promise<void> {
    const { quote, now, ...placeholders } = this.speech;
    const columns = `${quote}key${quote}, owner, expiration, fence`;
    const values = `${placeholders.key}, ${placeholders.owner}, ?, ${now}`;
    await this.run(`INSERT INTO ${this.table} (${columns}) VALUES (${values}) ${this.replacing()}`, [
      this.bound(key),
      this.bound(owner),
      expiration?.getTime() ?? null,
    ]);
  }

  /** Deletes the lease of a key, if it is of the owner where one is given. What was deleted, expired or not. */
  async remove(key: string, owner?: string): Promise<ILockData | null> {
    if (this.client.dialect === "mysql") {
      return this.removeWhatIsSeen(key, owner);
    }
    const condition = owner === undefined ? this.isKey : `${this.isKey} AND ${this.speech.isOwner}`;
    const names = owner === undefined ? [key] : [key, owner];
    return this.one(
      `DELETE FROM ${this.table} WHERE ${condition} AND ${IS_LEASE} RETURNING owner, expiration`,
      names.map((name) => this.bound(name)),
    );
  }

  /** Sets the end of a lease of the owner's that has one and has not expired. How many there were: 1 or 0. */
  async updateExpiration(key: string, owner: string, expiration: Date): Promise<number> {
    const { isOwner, now } = this.speech;
    const { affectedRows } = await this.run(
      `UPDATE ${this.table} SET expiration = ? WHERE ${this.isKey} AND ${isOwner} AND expiration > ${now} / 1000`,
      [expiration.getTime(), this.bound(key), this.bound(owner)],
    );
    return affectedRows;
  }

  /** What an upsert does with a row that is there. Its fence grows like that of every other grant. */
  private replacing(): string {
    switch (this.client.dialect) {
      case "mysql":
        return (
          "ON DUPLICATE KEY UPDATE owner = VALUES(owner), expiration = VALUES(expiration), " +
          "fence = GREATEST(fence + 1, VALUES(fence))"
        );
      default: {
        const greatest = this.client.dialect === "sqlite" ? "max" : "greatest";
        return (
          `ON CONFLICT ("key") DO UPDATE SET owner = excluded.owner, expiration = excluded.expiration, ` +
          `fence = ${greatest}(${this.table}.fence + 1, excluded.fence)`
        );
      }
    }
  }

  // MySQL deletes without saying what. So that what is answered is what was deleted, just that is.
  private async removeWhatIsSeen(key: string, owner: string | undefined): Promise<ILockData | null> {
    for (let look = 0; look < MOST_LOOKS; look++) {
      const seen = await this.find(key);
      if (seen === null || (owner !== undefined && seen.owner !== owner)) {
        return null;
      }
      const { affectedRows } = await this.run(
        `DELETE FROM ${this.table} WHERE ${this.isKey} AND ${this.speech.isOwner} AND expiration <=> ?`,
        [this.bound(key), this.bound(seen.owner), seen.expiration?.getTime() ?? null],
      );
      if (affectedRows > 0) {
        return seen;
      }
    }
    throw new LockAdapterError("A lease changed each time it was about to be removed; try again");
  }

  private bound(text: string): string {
    return this.speech.bound(text);
  }

  private async one(sql: string, parameters: readonly SqlParameter[]): Promise<ILockData | null> {
    const [row] = (await this.run(sql, parameters)).rows;
    if (row === undefined) {
      return null;
    }
    const [owner, expiration] = row.map(storedValue);
    return { owner: String(owner), expiration: expiration == null ? null : new Date(Number(expiration)) };
  }

  private run(text: string, values: readonly SqlParameter[]): PromiseLike<SqlResult> {
    if (this.client.dialect !== "postgres") {
      return this.client.query(text, values);
    }
    const { sql, parameters } = rewritePlaceholders(text, values, (position) => `$${position}`);
    return this.client.query(sql, parameters);
  }
}
