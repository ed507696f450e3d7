// Makes dist/ (JavaScript, and the declarations of the subpaths) and index.d.ts (the whole public API) from ts/.
// With --check it writes nothing and fails if index.d.ts is not what ts/ says.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundleDeclarations } from "./declarations/bundle.mjs";
import { readEntries, readNames, reExport } from "./declarations/entries.mjs";
import { createProgram, emitJavaScript } from "./declarations/program.mjs";
import { standaloneDeclarations } from "./declarations/standalone.mjs";
import { main, root, StepError } from "./step.mjs";

await main(() => {
  const program = createProgram();
  const entries = readEntries();
  const [rootEntry, ...subpaths] = entries;
  const rootNames = readNames(program, rootEntry);

  const files = emitJavaScript(program);
  // Where standalone declarations find the root's names.
  files.set(join(root, "dist/index.d.ts"), 'export * from "../index";\n');
  for (const entry of subpaths) {
    if (entry.standalone) {
      for (const [path, text] of standaloneDeclarations(program, entry, entries)) {
        files.set(join(root, path), text);
      }
    } else {
      files.set(join(root, entry.declarations), reExport(entry, readNames(program, entry), rootNames));
    }
  }
  const publicApi = bundleDeclarations(rootEntry);

  if (process.argv.includes("--check")) {
    compare(rootEntry.declarations, publicApi);
    return;
  }
  rmSync(join(root, "dist"), { recursive: true, force: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  writeFileSync(join(root, rootEntry.declarations), publicApi);
});

function compare(path, expected) {
  if (readFileSync(join(root, path), "utf8") !== expected) {
    throw new StepError(`${path} is not what ts/ says: run \`npm run build:ts\` and commit it`);
  }
}
