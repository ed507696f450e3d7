import type { SqlParameter } from "../adapters/sql-client";
import { type Rewritten, rewritePlaceholders } from "./placeholders";

/**
 * A statement for a client that writes text into statements instead of binding it. How it escapes is right for one
 * `sql_mode` and wrong for another, so that text with anything to escape goes as hexadecimal digits.
 */
export function withoutEscapes(sql: string, parameters: readonly SqlParameter[]): Rewritten {
  const safe = parameters.map((parameter) => (isPlain(parameter) ? parameter : toHex(parameter as string)));
  return rewritePlaceholders(sql, safe, (position) =>
    isPlain(parameters[position - 1] ?? null) ? "?" : "CONVERT(UNHEX(?) USING utf8mb4)",
  );
}

function isPlain(parameter: SqlParameter): boolean {
  return typeof parameter !== "string" || /^[\w :./-]*$/.test(parameter);
}

function toHex(text: string): string {
  return Buffer.from(text).toString("hex");
}
