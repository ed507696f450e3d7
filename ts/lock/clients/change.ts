import type { SqlResult } from "../adapters/sql-client";

const CHANGE = /^\s*(with\b.*\b)?(insert|update|delete)\b/is;

/** Whether a statement changes rows; then those it returns are those it changed. */
export function isChange(sql: string): boolean {
  return CHANGE.test(sql);
}

/**
 * A statement for SQLite that answers a row for each row it changes: of other statements than queries most libraries keep
 * to themselves how many that were.
 */
export function counted(sql: string): string {
  return isChange(sql) && !/\breturning\b/i.test(sql) ? `${sql} RETURNING 1` : sql;
}

/** What came of a statement for SQLite that was run as {@link counted}. */
export function countedResult(sql: string, rows: readonly unknown[]): SqlResult {
  return {
    rows: counted(sql) === sql ? rows.map((row) => Object.values(row as object)) : [],
    affectedRows: isChange(sql) ? rows.length : 0,
    insertId: 0,
  };
}
