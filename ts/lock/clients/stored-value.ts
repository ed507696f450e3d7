import type { SqlParameter } from "../adapters/sql-client";

/** A value of a row, whatever a driver and the options of the application made of it. */
export function storedValue(value: unknown): SqlParameter {
  switch (typeof value) {
    case "string":
    case "number":
      return value;
    case "bigint":
      return value.toString();
    case "boolean":
      return Number(value);
    case "undefined":
      return null;
    default:
      // Binary columns are text to us: it is UTF-8 that was stored there.
      return value === null ? null : value instanceof Uint8Array ? Buffer.from(value).toString() : String(value);
  }
}
