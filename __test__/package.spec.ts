// The package as a user gets it: packed, installed into an empty folder, imported every way there is.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withoutTopLevelAwait } from "./top-level-await";

const root = join(__dirname, "..");
const run = promisify(execFile);

interface Manifest {
  name: string;
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
}

const manifest: Manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const specifiers = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== "./package.json")
  .map((subpath) => manifest.name + subpath.slice(1));

/** In milliseconds, for what keeps a processor busy for many seconds when there is nobody else. */
const PATIENCE = 300_000;

let folder: string;

beforeAll(async () => {
  const parent = await mkdtemp(join(await realpath(tmpdir()), "holdfast-package-"));
  folder = join(parent, "consumer");
  await mkdir(folder);
  const dependencies = await everyDependency();
  const folders = [".", ...dependencies.map((name) => `./node_modules/${name}`)];
  const packed: { name: string; filename: string }[] = JSON.parse(
    await npm(root, "pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", parent, ...folders),
  );
  const tarballs = new Map(packed.map(({ name, filename }) => [name, `file:${join(parent, filename)}`]));
  // No registry is asked: what the package depends on is taken from what is installed here.
  const overrides = Object.fromEntries(dependencies.map((name) => [name, tarballs.get(name)]));
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, overrides }));
  const options = ["--offline", "--no-audit", "--no-fund", "--cache", join(parent, "cache")];
  await npm(folder, "install", ...options, tarballs.get(manifest.name) ?? "no tarball");
}, PATIENCE);

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

  it("comes with what it depends on, and with no driver", async () => {
    const installed = (await readdir(join(folder, "node_modules"))).filter((name) => !name.startsWith("."));
    expect(installed.sort()).toEqual([manifest.name, ...(await everyDependency())].sort());
  });

  it.each(specifiers)("loads by %s alone, and loads no other package", async (specifier) => {
    const loaded = await loadedBy(folder, `require("${specifier}");`);
    expect(loaded).not.toEqual([]);
    expect(loaded.filter((path) => !path.startsWith(join(folder, "node_modules", manifest.name)))).toEqual([]);
  });

  it("has declarations for every entry, for CommonJS and for ES modules", { timeout: PATIENCE }, async () => {
    const imports = specifiers.map((specifier, index) => `import * as entry${index} from "${specifier}";`);
    const uses = specifiers.map((_, index) => `entry${index}`);
    const source = `${imports.join("\n")}\nexport const entries: object[] = [${uses.join(", ")}];\n`;
    await compile({ "entries.mts": source, "entries.cts": source });
  });
});

describe("where all drivers are installed", () => {
  const foreign = join(root, "node_modules");

  it.each([
    ["required", (specifier: string) => `require("${specifier}");`],
    ["imported", (specifier: string) => `await import("${specifier}");`],
  ])("the package, %s, loads none", async (_, load) => {
    const loaded = await loadedBy(root, specifiers.map(load).join("\n"));
    expect(loaded).not.toEqual([]);
    expect(loaded.filter((path) => path.startsWith(foreign))).toEqual([]);
  });

  it("the package loads what an adapter needs when one is made", async () => {
    const loaded = await loadedBy(root, `new (require("${manifest.name}").SuperJsonSerdeAdapter)();`);
    const drivers = loaded.filter((path) => path.startsWith(foreign));
    const needed = ["superjson", "copy-anything"].map((name) => join(foreign, name));
    expect(drivers).not.toEqual([]);
    expect(drivers.filter((path) => !needed.some((driver) => path.startsWith(driver)))).toEqual([]);
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

  it("compiles in TypeScript, strictly, and then runs", { timeout: PATIENCE }, async () => {
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

/** The packages that are installed with this one: its dependencies, and theirs. */
async function everyDependency(): Promise<string[]> {
  const names = new Set(Object.keys(manifest.dependencies));
  for (const name of names) {
    const text = await readFile(join(root, "node_modules", name, "package.json"), "utf8");
    for (const dependency of Object.keys((JSON.parse(text) as Partial<Manifest>).dependencies ?? {})) {
      names.add(dependency);
    }
  }
  return [...names];
}

/** The files of the modules that a process has loaded after it has run some code in a folder. */
async function loadedBy(cwd: string, code: string): Promise<string[]> {
  const script = `(async () => { ${code} console.log(JSON.stringify(Object.keys(require.cache))); })();`;
  const { stdout } = await run(process.execPath, ["--input-type=commonjs", "--eval", script], { cwd });
  return JSON.parse(stdout);
}

async function node(file: string, code: string): Promise<string> {
  await writeFile(join(folder, file), code);
  const { stdout } = await run(process.execPath, [file], { cwd: folder });
  return stdout;
}

async function npm(cwd: string, ...options: string[]): Promise<string> {
  const running = process.env.npm_execpath;
  const { stdout } = running?.endsWith("npm-cli.js")
    ? await run(process.execPath, [running, ...options], { cwd })
    : await run("npm", options, { cwd, shell: process.platform === "win32" });
  return stdout;
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
