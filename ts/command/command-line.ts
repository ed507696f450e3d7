import { parseArgs } from "node:util";

/** What can be asked of the command. */
export type Order =
  | { readonly name: "help" | "version" }
  | {
      readonly name: "ddl";
      readonly dialect: string;
      readonly table: string | undefined;
      readonly schema: string | undefined;
    };

/** The words after the command make no sense; the message says why. */
export class UsageError extends Error {}

/** What `--help` prints. */
export const HELP = `Usage: holdfast ddl postgres|mysql|sqlite [--table NAME] [--schema NAME]

Prints the statements that create what locks need in a database, for teams that
run their own migrations. Without them the first lock creates it.

  --table NAME   table of the leases, "lock" if left out
  --schema NAME  schema it is in, for postgres alone; if left out, the first of
                 the search path
  --help         prints this
  --version      prints the version
`;

const DIALECTS: readonly string[] = ["postgres", "mysql", "sqlite"];

/**
 * Reads the words after the command.
 *
 * @throws UsageError if they make no sense.
 */
export function readOrder(words: readonly string[]): Order {
  const { values, positionals } = parsed(words);
  if (values.help === true) {
    return { name: "help" };
  }
  if (values.version === true) {
    return { name: "version" };
  }
  const [name, dialect, ...rest] = positionals;
  if (name === undefined) {
    throw new UsageError("what to do is missing");
  }
  if (name !== "ddl") {
    throw new UsageError(`there is no "${name}"; what there is: ddl`);
  }
  if (dialect === undefined || !DIALECTS.includes(dialect)) {
    const said = dialect === undefined ? "the database is missing" : `there is no database "${dialect}"`;
    throw new UsageError(`${said}; use postgres, mysql or sqlite`);
  }
  if (rest.length > 0) {
    throw new UsageError(`"${rest.join(" ")}" is too much`);
  }
  if (values.schema !== undefined && dialect !== "postgres") {
    throw new UsageError("a schema is for postgres alone");
  }
  return { name, dialect, table: values.table, schema: values.schema };
}

function parsed(words: readonly string[]) {
  const options = {
    table: { type: "string" },
    schema: { type: "string" },
    help: { type: "boolean", short: "h" },
    version: { type: "boolean", short: "v" },
  } as const;
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
