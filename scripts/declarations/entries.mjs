// The entry points of the package: what package.json "exports" lists, where each comes from, what each makes public.

import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { root, StepError } from "../step.mjs";

/** Subpaths whose names are deliberately not at the root: drop-ins for other packages, and what only tests need. */
const standalone = new Set(["./lock/test-utilities", "./distributed-lock", "./mongo-distributed-locks"]);

/**
 * @typedef {object} Entry
 * @property {string} subpath as in package.json: "./lock"
 * @property {string} declarations where its declarations belong, relative to the repository
 * @property {string} source the file in ts/ it is compiled from, relative to the repository
 * @property {boolean} standalone whether it has declarations of its own
 */

/** Every entry of package.json "exports" with types; the root comes first. @returns {Entry[]} */
export function readEntries() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const entries = Object.entries(exports)
    .filter(([, target]) => target.types !== undefined)
    .map(([subpath, target]) => ({
      subpath,
      declarations: posix.normalize(target.types),
      source: posix
        .normalize(target.types)
        .replace(/^dist\//, "ts/")
        .replace(/^index\.d\.ts$/, "ts/index.d.ts")
        .replace(/\.d\.ts$/, ".ts"),
      standalone: standalone.has(subpath),
    }));
  for (const { subpath, source } of entries) {
    if (!existsSync(join(root, source))) {
      throw new StepError(`package.json exports "${subpath}", but there is no ${source}`);
    }
  }
  return entries;
}

/**
 * The public names of one entry.
 *
 * @returns {Map<string, { typeOnly: boolean, symbol: ts.Symbol }>} in alphabetical order
 */
export function readNames(program, entry) {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, entry.source)));
  if (module === undefined) {
    throw new StepError(`${entry.source} exports nothing`);
  }
  const names = checker.getExportsOfModule(module).map((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const typeOnly =
      (symbol.flags & ts.SymbolFlags.Value) === 0 ||
      (exported.declarations ?? []).some((declaration) => ts.isTypeOnlyImportOrExportDeclaration(declaration));
    return [exported.name, { typeOnly, symbol }];
  });
  return new Map(names.sort(([left], [right]) => (left < right ? -1 : 1)));
}

/**
 * Declarations of a subpath as a re-export of the root's, so that every class is declared once and means the same
 * wherever it is imported from.
 */
export function reExport(entry, names, rootNames) {
  const astray = [...names]
    .filter(([name, { symbol }]) => rootNames.get(name)?.symbol !== symbol)
    .map(([name]) => name);
  if (astray.length > 0) {
    throw new StepError(
      `${astray.join(", ")}: exported by ${entry.source} ("holdfast${entry.subpath.slice(1)}"), but not by ts/index.ts`,
    );
  }
  const specifiers = [...names].map(([name, { typeOnly }]) => `  ${typeOnly ? "type " : ""}${name},\n`);
  const path = posix.relative(posix.dirname(entry.declarations), "index");
  return `export {\n${specifiers.join("")}} from "${path}";\n`;
}
