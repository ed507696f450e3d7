// What the benchmarks are told on their command lines.

import { parseArgs } from "node:util";
import { StepError } from "../scripts/step.mjs";

/**
 * Names of what to measure, and whole numbers as options, each with its default.
 *
 * @template {Record<string, number>} Options
 * @param {string[]} known
 * @param {Options} defaults
 * @returns {{ wanted: string[], options: Options }} all that is known, if none is named
 */
export function readArguments(known, defaults) {
  const { values, positionals } = parse(defaults);
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new StepError(`there is no "${unknown}" to measure: name some of ${known.join(", ")}, or none for all`);
  }
  const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, readNumber(name, values[name])]));
  return { wanted: positionals.length > 0 ? positionals : known, options };
}

function parse(defaults) {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, { type: "string", default: `${value}` }]),
  );
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    throw new StepError(error.message);
  }
}

function readNumber(name, text) {
  const number = Number(text);
  if (!(Number.isInteger(number) && number > 0)) {
    throw new StepError(`--${name} is ${text}: give it a whole number from 1`);
  }
  return number;
}
