import type { Dialect } from "./dialect";
import { UnknownDialectError } from "./errors";
import { mysql } from "./mysql";
import { postgres } from "./postgres";
import { sqlite } from "./sqlite";

const dialects: Readonly<Record<string, Dialect>> = {
  postgres,
  postgresql: postgres,
  mysql,
  mariadb: mysql,
  sqlite,
  sqlite3: sqlite,
};

/** @throws UnknownDialectError */
export function dialectOf(name: string): Dialect {
  const dialect = Object.hasOwn(dialects, name) ? dialects[name] : undefined;
  if (dialect === undefined) {
    throw new UnknownDialectError(name);
  }
  return dialect;
}
