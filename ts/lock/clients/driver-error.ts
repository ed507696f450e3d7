/** What a driver said when it failed. */
export interface DriverError {
  /** In its words. */
  readonly message: string;
  /** What it has as `code`: a SQLSTATE, `"ER_LOCK_DEADLOCK"`, `"SQLITE_BUSY"`, `"ECONNREFUSED"`. */
  readonly code?: string;
  /** The `errno` of MySQL, the `errcode` of `node:sqlite`. */
  readonly number?: number;
}

const CONTENTION =
  /^(40001|40P01|55P03|ER_LOCK_DEADLOCK|ER_LOCK_WAIT_TIMEOUT|ER_CHECKREAD|SQLITE_BUSY.*|SQLITE_LOCKED.*)$/;

/** The error of a driver, which libraries wrap: Sequelize calls it `original`. */
export function driverErrorOf(thrown: unknown): DriverError {
  let error = Object(thrown) as Record<string, unknown>;
  for (let depth = 0; depth < 5; depth++) {
    const below = error.original ?? (error.code === undefined ? error.cause : undefined);
    if (typeof below !== "object" || below === null) {
      break;
    }
    error = below as Record<string, unknown>;
  }
  const { message, code, errno, errcode } = error;
  const number = errno ?? errcode;
  return {
    message: typeof message === "string" && message !== "" ? message : String(code ?? thrown),
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof number === "number" ? { number } : {}),
  };
}

/** Whether a statement ran into another transaction, so that trying again may do. */
export function isContention(thrown: unknown): boolean {
  return CONTENTION.test(driverErrorOf(thrown).code ?? "");
}
