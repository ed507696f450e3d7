// The TypeScript program over ts/, checked before anything is made of it.

import ts from "typescript";
import { root, StepError } from "../step.mjs";

/** Reads tsconfig.json and compiles ts/ in memory. Throws what the compiler has to say. */
export function createProgram() {
  const path = ts.findConfigFile(root, ts.sys.fileExists, "tsconfig.json");
  const config = ts.getParsedCommandLineOfConfigFile(
    path,
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: fail,
    },
  );
  const program = ts.createProgram(config.fileNames, config.options);
  const diagnostics = [...config.errors, ...ts.getPreEmitDiagnostics(program), ...program.getDeclarationDiagnostics()];
  if (diagnostics.length > 0) {
    fail(...diagnostics);
  }
  return program;
}

function fail(...diagnostics) {
  const host = { getCurrentDirectory: () => root, getCanonicalFileName: (name) => name, getNewLine: () => "\n" };
  throw new StepError(`ts/ does not compile:\n${ts.formatDiagnostics(diagnostics, host)}`);
}

/** The compiled JavaScript, by absolute path of the file it belongs in. */
export function emitJavaScript(program) {
  const files = new Map();
  program.emit(undefined, (path, text) => {
    if (path.endsWith(".js")) {
      files.set(path, text);
    }
  });
  return files;
}
