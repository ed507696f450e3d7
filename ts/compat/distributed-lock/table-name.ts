/** The name of a table, as it is written in `lockTableName`: `table` or `schema.table`. */
export interface TableName {
  readonly schema: string | undefined;
  readonly table: string;
}

/** How a dialect writes names. */
export interface NameRules {
  /** Stands before and after a name that is to be taken as it is. */
  readonly quote: string;
  /** In characters. */
  readonly longest: number;
  /** What the database makes of a name that is not quoted. */
  fold(name: string): string;
}

/** A bare name, or one in double quotes or backticks, in which a doubled quote stands for one. */
const PART = /([\p{L}_][\p{L}\p{N}_$]*)|"((?:[^"\0]|"")+)"|`((?:[^`\0]|``)+)`/uy;

/**
 * Reads a name as the database would if it stood in a statement without further quotes.
 *
 * @throws TypeError if it is none
 */
export function readTableName(text: string, rules: NameRules): TableName {
  const parts: string[] = [];
  PART.lastIndex = 0;
  for (;;) {
    const found = PART.exec(text);
    if (found === null) {
      break;
    }
    const [, bare, doubleQuoted, backticked] = found;
    parts.push(bare === undefined ? unquote(doubleQuoted, backticked) : rules.fold(bare));
    const end = found.index + found[0].length;
    if (end === text.length && parts.length <= 2 && parts.every((part) => [...part].length <= rules.longest)) {
      const [first = "", second] = parts;
      return second === undefined ? { schema: undefined, table: first } : { schema: first, table: second };
    }
    if (text[end] !== ".") {
      break;
    }
    PART.lastIndex = end + 1;
  }
  throw new TypeError(
    `lockTableName ${JSON.stringify(text)} is not the name of a table: pass "table" or "schema.table", each part of ` +
      `letters, digits and "_" or in quotes, and of at most ${rules.longest} characters`,
  );
}

/** As it is written in a statement. */
export function quoteName(name: string, { quote }: NameRules): string {
  return quote + name.replaceAll(quote, quote + quote) + quote;
}

function unquote(doubleQuoted: string | undefined, backticked: string | undefined): string {
  return doubleQuoted === undefined ? (backticked ?? "").replaceAll("``", "`") : doubleQuoted.replaceAll('""', '"');
}
