// The package as a user gets it: packed, installed into an empty folder, imported every way there is.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(__dirname, "..");
const run = promisify(execFile);

interface Manifest {
  name: string;
  exports: Record<string, unknown>;
}

const manifest: Manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const specifiers = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== "./package.json")
  .map((subpath) => manifest.name + subpath.slice(1));

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-package-"));
  const consumer = join(folder, "consumer");
  await mkdir(consumer);
  await writeFile(join(consumer, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  await npm(root, "pack", "--ignore-scripts", "--pack-destination", folder);
  const [tarball] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  await npm(consumer, "install", "--offline", "--no-audit", "--no-fund", join(folder, tarball ?? "no tarball"));
  folder = consumer;
});

afterAll(async () => {
  await rm(join(folder, ".."), { recursive: true, force: true });
});

describe("the installed package", () => {
  it("answers require and import with the same names at every entry", async () => {
    const required = await node(
      "required.cjs",
      `const names = ${JSON.stringify(specifiers)}.map((specifier) => [specifier, Object.keys(require(specifier)).sort()]);
       console.log(JSON.stringify(Object.fromEntries(names)));`,
    );
    const imported = await node(
      "imported.mjs",
      `const interoperation = ["__esModule", "module.exports"];
       const names = {};
       for (const specifier of ${JSON.stringify(specifiers)}) {
         const { default: everything, ...named } = await import(specifier);
         names[specifier] = Object.keys(named).filter((name) => !interoperation.includes(name)).sort();
       }
       console.log(JSON.stringify(names));`,
    );
    expect(JSON.parse(imported)).toEqual(JSON.parse(required));
    expect(JSON.parse(required)[manifest.name]).not.toEqual([]);
  });

  it("has declarations for every entry, for CommonJS and for ES modules", async () => {
    const imports = specifiers.map((specifier, index) => `import * as entry${index} from "${specifier}";`);
    const uses = specifiers.map((_, index) => `entry${index}`);
    const source = `${imports.join("\n")}\nexport const entries: object[] = [${uses.join(", ")}];\n`;
    await compile({ "entries.mts": source, "entries.cts": source });
  });
});

describe("the example in the README", () => {
  let example: Example;

  beforeAll(async () => {
    example = readExample(await readFile(join(root, "README.md"), "utf8"));
  });

  it("says what it prints", () => {
    expect(example.printed).not.toEqual([]);
    expect(example.printed).toHaveLength(example.source.split("console.log(").length - 1);
  });

  it("runs as an ES module", async () => {
    const code = transpile(example.source, ts.ModuleKind.ESNext);
    expect(lines(await node("example.mjs", code))).toEqual(example.printed);
  });

  it("runs as a CommonJS module", async () => {
    const code = transpile(withoutTopLevelAwait(example.source), ts.ModuleKind.CommonJS);
    expect(lines(await node("example.cjs", code))).toEqual(example.printed);
  });

  it("compiles in TypeScript, strictly, and then runs", async () => {
    await compile({ "typed.mts": example.source, "typed.cts": withoutTopLevelAwait(example.source) });
    for (const compiled of ["typed.mjs", "typed.cjs"]) {
      const { stdout } = await run(process.execPath, [compiled], { cwd: folder });
      expect(lines(stdout)).toEqual(example.printed);
    }
  });
});

interface Example {
  source: string;
  /** What the comment after each `console.log(…);` says it prints. */
  printed: string[];
}

/** The first code block below the heading "Example". */
function readExample(readme: string): Example {
  const [, section = ""] = readme.split(/^#+ Example.*$/m);
  const source = /^```(?:ts|js|typescript|javascript)\n(.*?)^```$/ms.exec(section)?.[1];
  if (source === undefined) {
    throw new Error("README.md has no code block below a heading «Example»");
  }
  const printed = [...source.matchAll(/console\.log\(.*\);[ ]*\/\/[ ]*(.*)$/gm)].map(([, text = ""]) => text);
  return { source, printed };
}

/** CommonJS knows no top-level await: what follows the imports moves into a function. */
function withoutTopLevelAwait(source: string): string {
  const { statements } = ts.createSourceFile("example.ts", source, ts.ScriptTarget.ES2022);
  const start = statements.filter(ts.isImportDeclaration).reduce((end, statement) => Math.max(end, statement.end), 0);
  return `${source.slice(0, start)}\nasync function main() {${source.slice(start)}}\nvoid main();\n`;
}

function transpile(source: string, module: ts.ModuleKind): string {
  return ts.transpileModule(source, { compilerOptions: { module, target: ts.ScriptTarget.ES2022 } }).outputText;
}

/** Compiles files in the consumer's folder as its strictest user would; fails with what the compiler says. */
async function compile(files: Record<string, string>): Promise<void> {
  for (const [name, source] of Object.entries(files)) {
    await writeFile(join(folder, name), source);
  }
  const options = [
    ...["--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--module", "node16"],
    ...["--moduleResolution", "node16", "--skipLibCheck", "false"],
    ...["--types", "node", "--typeRoots", join(root, "node_modules", "@types")],
  ];
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const compiled = run(process.execPath, [compiler, ...options, ...Object.keys(files)], { cwd: folder });
  const complaints = await compiled.then(
    () => "",
    (error: { stdout: string }) => error.stdout,
  );
  expect(complaints).toBe("");
}

async function node(file: string, code: string): Promise<string> {
  await writeFile(join(folder, file), code);
  const { stdout } = await run(process.execPath, [file], { cwd: folder });
  return stdout;
}

async function npm(cwd: string, ...options: string[]): Promise<void> {
  const running = process.env.npm_execpath;
  if (running?.endsWith("npm-cli.js")) {
    await run(process.execPath, [running, ...options], { cwd });
  } else {
    await run("npm", options, { cwd, shell: process.platform === "win32" });
  }
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
