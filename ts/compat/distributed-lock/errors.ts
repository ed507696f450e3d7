/** Somebody else holds the lock. The cause of a {@link LockTimeoutError}; `lock()` itself never rejects with it. */
export class AlreadyObtainedError extends Error {
  /** @internal */
  constructor(lockName: string, owner: string) {
    super(`The lock "${lockName}" is held by ${owner}`);
    this.name = "AlreadyObtainedError";
  }
}

/**
 * Somebody else has locked the table of locks, or the database has too much to do at once on it. The cause of a
 * {@link LockTimeoutError}; `lock()` itself never rejects with it.
 */
export class TableLockedError extends Error {
  /** @internal */
  constructor(tableName: string, options?: ErrorOptions) {
    super(`The table ${tableName} is locked by somebody else`, options);
    this.name = "TableLockedError";
  }
}

/** The lock did not become free in time. The cause says what was in the way at last, if it was seen. */
export class LockTimeoutError extends Error {
  /** @internal */
  constructor(lockName: string, timeoutSeconds: number, options?: ErrorOptions) {
    super(`The lock "${lockName}" was not obtained within ${timeoutSeconds} seconds`, options);
    this.name = "LockTimeoutError";
  }
}

/** The lock is not known for the SQL dialect of the query interface. */
export class UnknownDialectError extends Error {
  /** @internal */
  constructor(dialect: string) {
    super(
      `Locks are not known for the SQL dialect "${dialect}": pass a handle of PostgreSQL, MySQL, MariaDB or SQLite; ` +
        "docs/migrating/distributed-lock.md says what else can be done",
    );
    this.name = "UnknownDialectError";
  }
}

/** There is no kind of query interface of the name given as `queryInterfaceName`. */
export class UnknownQueryInterfaceError extends Error {
  /** @internal */
  constructor(name: string) {
    super(`There is no query interface "${name}": pass "sequelize", "knex" or "pg" as queryInterfaceName`);
    this.name = "UnknownQueryInterfaceError";
  }
}

/** The query interface is not known by its looks. */
export class UnableToLocateQueryInterfaceError extends Error {
  /** @internal */
  constructor() {
    super(
      "The queryInterface is none of Sequelize, Knex or pg.Pool: pass one of them, " +
        'and say which it is by queryInterfaceName ("sequelize", "knex" or "pg") if it does not look like one',
    );
    this.name = "UnableToLocateQueryInterfaceError";
  }
}
