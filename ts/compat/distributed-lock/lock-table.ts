import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type LockRecord, UNKNOWN_HOLDER } from "../lock-record";
import { Turns } from "../turns";
import { type Dialect, faultOf, type Statements } from "./dialect";
import { dialectOf } from "./dialects";
import { TableLockedError } from "./errors";
import { Lane, type Member } from "./lane";
import type { Row, SqlClient } from "./query-interface";
import { quoteName, readTableName } from "./table-name";

/** How often a statement is tried that others were in the way of. */
const TRIES = 10;
/** Between two tries, in milliseconds. */
const LONGEST_PAUSE = 50;
const LONGEST_MUTEX = 36;

/** A table of locks, through one handle of the application. */
export class LockTable {
  /** Who waits for which lock in this process. */
  readonly turns = new Turns();
  private readonly client: SqlClient;
  /** As it is written in a statement. */
  readonly name: string;
  private readonly dialect: Dialect;
  private readonly statements: Statements;
  private readonly obtaining = new Lane((members) =>
    this.write(this.statements.obtain, members, [members[0]?.ttl ?? 0]),
  );
  private readonly releasing = new Lane((members) => this.write(this.statements.release, members, []));
  private prepared: Promise<void> | undefined;

  private constructor(client: SqlClient, name: string, dialect: Dialect, statements: Statements) {
    this.client = client;
    this.name = name;
    this.dialect = dialect;
    this.statements = statements;
  }

  /**
   * The same object for the same table of the same handle.
   *
   * @throws TypeError if the name is none, UnknownDialectError
   */
  static of(client: SqlClient, tableName: string): LockTable {
    const dialect = dialectOf(client.dialect);
    const { schema, table } = readTableName(tableName, dialect.names);
    const quotedSchema = schema === undefined ? undefined : quoteName(schema, dialect.names);
    const quoted = [...(quotedSchema === undefined ? [] : [quotedSchema]), quoteName(table, dialect.names)].join(".");
    const known = tables.get(client.identity) ?? new Map<string, LockTable>();
    tables.set(client.identity, known);
    const found = known.get(quoted);
    if (found !== undefined) {
      return found;
    }
    const made = new LockTable(client, quoted, dialect, dialect.statements(quoted, quotedSchema));
    known.set(quoted, made);
    return made;
  }

  /** @param ttl in seconds */
  record(lockName: string, ttl: number): LockRecord {
    const mutex = mutexOf(lockName);
    const { obtain, holder, renew, release } = this.statements;
    const { takesBatches } = this.dialect;
    const isHolder = async (owner: string) => (await this.run(holder, [mutex, ttl]))[0]?.node_id === owner;
    const write = async (statement: string, owner: string) => {
      await this.run(statement, [mutex, owner, ttl]);
      return await isHolder(owner);
    };
    const obtainFor = (owner: string) =>
      takesBatches ? this.obtaining.add({ mutex, owner, ttl }) : write(obtain, owner);
    return {
      obtain: (owner) => obtainFor(owner).catch(unlessContended(false)),
      holder: async () => {
        const [row] = await this.run(holder, [mutex, ttl]).catch(unlessContended([{ node_id: UNKNOWN_HOLDER }]));
        return row === undefined ? null : String(row.node_id);
      },
      renew: (owner) => write(renew, owner),
      release: async (owner) => {
        await (takesBatches ? this.releasing.add({ mutex, owner, ttl }) : this.run(release, [mutex, owner]));
      },
    };
  }

  private async write(statement: string, members: readonly Member[], rest: number[]): Promise<ReadonlySet<unknown>> {
    const asked = JSON.stringify(members.map(({ mutex, owner }) => ({ mutex, owner })));
    const rows = await this.run(statement, [asked, ...rest]);
    return new Set(rows.map((row) => row.node_id));
  }

  /**
   * @throws TableLockedError if others were in the way of every try, and what the handle throws
   */
  private async run(sql: string, parameters: (string | number)[]): Promise<Row[]> {
    for (let tried = 1; ; tried += 1) {
      await this.prepare();
      try {
        return await this.client.query(sql, parameters.slice(0, highestParameter(sql)));
      } catch (error) {
        const fault = faultOf(error);
        const isMissing = this.dialect.isMissing(fault);
        if (!isMissing && !this.dialect.isContended(fault)) {
          throw error;
        }
        if (tried === TRIES) {
          throw isMissing ? error : new TableLockedError(this.name, { cause: error });
        }
        if (isMissing) {
          // Somebody has dropped it meanwhile.
          this.prepared = undefined;
        }
        await pauseAfter(tried);
      }
    }
  }

  /** Once for each process: makes the table if it is not there, and removes what crashed processes have left. */
  private prepare(): Promise<void> {
    this.prepared ??= this.makeReady().catch((error) => {
      this.prepared = undefined;
      throw error;
    });
    return this.prepared;
  }

  private async makeReady(): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      try {
        await this.client.query(this.statements.sweep, []);
        return;
      } catch (error) {
        const fault = faultOf(error);
        if (this.dialect.isContended(fault)) {
          // It can be done another time.
          return;
        }
        if (!this.dialect.isMissing(fault) || tried > TRIES) {
          throw error;
        }
        await this.create(tried);
      }
    }
  }

  private async create(tried: number): Promise<void> {
    try {
      for (const statement of this.statements.create) {
        await this.client.query(statement, []);
      }
    } catch (error) {
      // Others make it at the same time, which even IF NOT EXISTS does not always bear.
      if (tried === TRIES) {
        throw error;
      }
      await pauseAfter(tried);
    }
  }
}

const tables = new WeakMap<object, Map<string, LockTable>>();

/**
 * What stands for a name in the column: the name itself if the column can hold it and tell it from every other name, else
 * the beginning of it with a hash.
 */
export function mutexOf(lockName: string): string {
  const characters = [...lockName];
  const isKept = characters.length <= LONGEST_MUTEX && lockName.isWellFormed() && !/[\0]| $/.test(lockName);
  if (isKept) {
    return lockName;
  }
  const hash = createHash("sha256").update(lockName, "utf16le").digest("base64url").slice(0, 22);
  const beginning = characters.slice(0, LONGEST_MUTEX - 1 - hash.length).join("");
  return `${beginning.toWellFormed().replaceAll("\0", "\uFFFD")}~${hash}`;
}

/** Some drivers refuse parameters that a statement does not use. */
function highestParameter(sql: string): number {
  return Math.max(0, ...Array.from(sql.matchAll(/\$(\d)/g), ([, number]) => Number(number)));
}

function pauseAfter(tried: number): Promise<void> {
  return sleep(Math.min(2 ** tried, LONGEST_PAUSE) * (0.5 + Math.random()));
}

function unlessContended<T>(answer: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof TableLockedError) {
      return answer;
    }
    throw error;
  };
}
