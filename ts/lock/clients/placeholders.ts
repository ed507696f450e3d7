import type { SqlParameter } from "../adapters/sql-client";

/** A statement whose placeholders were rewritten, with the parameters in the order they now have. */
export interface Rewritten {
  readonly sql: string;
  readonly parameters: SqlParameter[];
}

/**
 * Writes the placeholders `$1` and `?` of a statement in another way. A parameter that occurs twice is passed twice. In
 * the statements of this package neither character ever means anything else.
 *
 * @param write The placeholder of the n-th parameter, counted from 1.
 */
export function rewritePlaceholders(
  sql: string,
  parameters: readonly SqlParameter[],
  write: (position: number) => string,
): Rewritten {
  const rewritten: SqlParameter[] = [];
  let next = 0;
  const text = sql.replace(/\$(\d+)|\?/g, (_, number?: string) => {
    const index = number === undefined ? next++ : Number(number) - 1;
    return write(rewritten.push(parameters[index] ?? null));
  });
  return { sql: text, parameters: rewritten };
}
