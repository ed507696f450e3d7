/** How databases say that a statement ran into another transaction: SQLSTATE, MySQL's names, SQLite's. */
const CONTENTION =
  /^(40001|40P01|55P03|ER_LOCK_DEADLOCK|ER_LOCK_WAIT_TIMEOUT|ER_CHECKREAD|SQLITE_BUSY.*|SQLITE_LOCKED.*)$/;

/** Whether what a client threw says that trying again may do. Libraries wrap what the drivers threw. */
export function isContention(error: unknown): boolean {
  for (let thrown = error; typeof thrown === "object" && thrown !== null; thrown = below(thrown)) {
    if (CONTENTION.test(String((thrown as { code?: unknown }).code))) {
      return true;
    }
  }
  return false;
}

/** What led to an error: Sequelize calls it `original`. */
function below(error: { original?: unknown; cause?: unknown }): unknown {
  return error.original ?? error.cause;
}
