// Declarations of an entry whose names are deliberately not at the root. They stay files of their own, as the compiler
// writes them, and reach everything else through other entries, so that no class is declared twice.

import { join, posix, relative, sep } from "node:path";
import ts from "typescript";
import { root, StepError } from "../step.mjs";

/**
 * @param {import("./entries.mjs").Entry} entry
 * @param {import("./entries.mjs").Entry[]} entries all of them, the root's among them
 * @returns {Map<string, string>} by the path each file belongs at, relative to the repository
 */
export function standaloneDeclarations(program, entry, entries) {
  const reachable = new Set(entries.filter(({ standalone }) => !standalone).map(({ source }) => source));
  const folder = posix.dirname(entry.source);
  const files = new Map();
  const pending = [entry.source];
  for (const source of pending) {
    const text = emitDeclarations(program, source);
    const target = source.replace(/^ts\//, "dist/").replace(/\.ts$/, ".d.ts");
    if (files.has(target)) {
      continue;
    }
    files.set(target, text);
    for (const imported of importedSources(program, source, text)) {
      if (imported.startsWith(`${folder}/`)) {
        pending.push(imported);
      } else if (!reachable.has(imported)) {
        throw new StepError(
          `${source} imports ${imported}, which is private to the rest: import from an entry instead`,
        );
      }
    }
  }
  return files;
}

function emitDeclarations(program, source) {
  let declarations = "";
  program.emit(
    program.getSourceFile(join(root, source)),
    (path, text) => {
      if (path.endsWith(".d.ts")) {
        declarations = text;
      }
    },
    undefined,
    true,
  );
  return declarations;
}

/** The files in ts/ that the emitted declarations refer to. */
function importedSources(program, source, text) {
  return ts
    .preProcessFile(text)
    .importedFiles.map(({ fileName }) =>
      ts.resolveModuleName(fileName, join(root, source), program.getCompilerOptions(), ts.sys),
    )
    .map(({ resolvedModule }) => relative(root, resolvedModule?.resolvedFileName ?? "").replaceAll(sep, "/"))
    .filter((path) => path.startsWith("ts/"));
}
