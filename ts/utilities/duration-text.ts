import { inspect } from "node:util";
import { InvalidInputError } from "./errors";

/** Milliseconds in a second. @internal */
export const SECOND = 1_000;
/** Milliseconds in a minute. @internal */
export const MINUTE = 60 * SECOND;
/** Milliseconds in an hour. @internal */
export const HOUR = 60 * MINUTE;
/** Milliseconds in a day of 24 hours. @internal */
export const DAY = 24 * HOUR;

// Longest first: writing takes as many of each as fit.
const UNITS = { d: DAY, h: HOUR, m: MINUTE, s: SECOND, ms: 1 } as const;
const PART = /(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(ms|s|m|h|d)\s*/y;

/**
 * Reads text such as `"1h 30m"` as milliseconds.
 *
 * @throws InvalidInputError if it reads differently.
 * @internal
 */
export function readDuration(text: string): number {
  const source = typeof text === "string" ? text.trim() : "";
  let milliseconds = 0;
  let position = 0;
  do {
    PART.lastIndex = position;
    const part = PART.exec(source);
    if (part === null) {
      throw new InvalidInputError(
        `Cannot read ${inspect(text)} as a time span; write numbers with units d, h, m, s or ms, such as "5s" or "1h 30m"`,
      );
    }
    milliseconds += Number(part[1]) * UNITS[part[2] as keyof typeof UNITS];
    position = PART.lastIndex;
  } while (position < source.length);
  return milliseconds;
}

/**
 * Writes milliseconds in the units they are made of, in a form {@link readDuration} reads.
 *
 * @internal
 */
export function writeDuration(milliseconds: number): string {
  let rest = milliseconds;
  const parts: string[] = [];
  for (const [unit, length] of Object.entries(UNITS)) {
    const count = unit === "ms" ? rest : Math.floor(rest / length);
    if (count > 0) {
      parts.push(`${count}${unit}`);
      rest -= count * length;
    }
  }
  return parts.join(" ") || "0ms";
}
