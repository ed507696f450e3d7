#!/usr/bin/env node
// The command of the package. It ends with 0, with 1 if it could not do what it was asked, or with 2 if that made no sense.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tableDefinition } from "../native";
import { HELP, type Order, readOrder, UsageError } from "./command-line";

try {
  process.stdout.write(answerTo(readOrder(process.argv.slice(2))));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  const advice = error instanceof UsageError ? "\nholdfast --help says what it can do" : "";
  process.stderr.write(`holdfast: ${message}${advice}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

function answerTo(order: Order): string {
  switch (order.name) {
    case "help":
      return HELP;
    case "version":
      return `${version()}\n`;
    default:
      return tableDefinition(order.dialect, { tableName: order.table, schema: order.schema })
        .map((statement) => `${statement};\n`)
        .join("");
  }
}

function version(): string {
  const manifest = readFileSync(join(__dirname, "..", "..", "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
