// The examples do what they say, in either kind of module.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withoutTopLevelAwait } from "./top-level-await";

const run = promisify(execFile);
const root = join(__dirname, "..");
const usage = join(root, "examples", "usage");
const names = (await readdir(usage))
  .filter((name) => name.endsWith(".mts"))
  .map((name) => name.slice(0, -".mts".length));

if (!process.env.REDIS_URL) {
  throw new Error('Some examples need a Redis server; run the tests with "npm test", or set REDIS_URL');
}

// The compiler reads the declarations of all dependencies, which takes long on a busy machine.
const COMPILE_LIMIT = 300_000;
const RUN_LIMIT = 50_000;

describe("the examples of usage", () => {
  let folder: string;
  let complaints: string;

  beforeAll(async () => {
    // Below the package, where its own name leads to it, as the name of an installed package would.
    await mkdir(join(root, ".cache"), { recursive: true });
    folder = await mkdtemp(join(root, ".cache", "examples-"));
    for (const name of names) {
      const source = await readFile(join(usage, `${name}.mts`), "utf8");
      await writeFile(join(folder, `${name}.mts`), source);
      await writeFile(join(folder, `${name}.cts`), withoutTopLevelAwait(source));
    }
    complaints = await compile(
      folder,
      names.flatMap((name) => [`${name}.mts`, `${name}.cts`]),
    );
  }, COMPILE_LIMIT);

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it("are there", () => {
    expect(names).toContain("lock-basics");
  });

  it("compile, strictly, as ES modules and as CommonJS", () => {
    expect(complaints).toBe("");
  });

  describe.each(names)("%s", (name) => {
    let printed: string;

    beforeAll(async () => {
      printed = printedBy(await readFile(join(usage, `${name}.mts`), "utf8"));
    });

    it.each(["mjs", "cjs"])("prints what it says, as %s", async (extension) => {
      const { stdout, stderr } = await run(process.execPath, [join(folder, `${name}.${extension}`)], {
        timeout: RUN_LIMIT,
        // Some leave files where they are run.
        cwd: folder,
      });
      expect(withoutOwners(stdout)).toBe(printed);
      expect(stderr).toBe("");
    });
  });
});

describe("the example of contention", () => {
  it("sees no overlaps", async () => {
    // Anything but the exit code 0 is a rejection.
    const { stdout } = await run(process.execPath, [join(root, "examples", "contention", "main.mjs")], {
      timeout: RUN_LIMIT,
    });
    expect(stdout).toMatch(/^overlaps: 0$/m);
  });
});

describe("the examples of the drop-ins", () => {
  afterAll(() => rm(join(tmpdir(), `holdfast-${process.pid}.db`), { force: true }));

  const folder = join(root, "examples", "drop-ins");
  const { POSTGRES_URL = "", MYSQL_URL = "", MONGODB_URL = "" } = process.env;
  if (!POSTGRES_URL || !MYSQL_URL || !MONGODB_URL) {
    throw new Error(
      'Some examples need servers; run the tests with "npm test", or set POSTGRES_URL, MYSQL_URL, MONGODB_URL',
    );
  }
  const database = new URL(MONGODB_URL);
  database.pathname = `/holdfast_examples_${process.pid}`;

  it.each([
    [
      "distributed-lock-sequelize",
      "SQLite",
      { DATABASE_URL: `sqlite:${join(tmpdir(), `holdfast-${process.pid}.db`)}` },
    ],
    ["distributed-lock-sequelize", "PostgreSQL", { DATABASE_URL: POSTGRES_URL }],
    ["distributed-lock-sequelize", "MySQL", { DATABASE_URL: MYSQL_URL }],
    ["distributed-lock-knex", "SQLite", { DATABASE_CLIENT: "better-sqlite3", DATABASE_URL: ":memory:" }],
    ["distributed-lock-knex", "PostgreSQL", { DATABASE_CLIENT: "pg", DATABASE_URL: POSTGRES_URL }],
    ["distributed-lock-knex", "MySQL", { DATABASE_CLIENT: "mysql2", DATABASE_URL: MYSQL_URL }],
    ["distributed-lock-pg", "PostgreSQL", { DATABASE_URL: POSTGRES_URL }],
    ["mongo-distributed-locks", "MongoDB", { MONGODB_URL: database.href }],
  ])("%s prints what it says, over %s", async (name, _, environment) => {
    const path = join(folder, `${name}.cjs`);
    const printed = printedBy(await readFile(path, "utf8"));
    const { stdout, stderr } = await run(process.execPath, [path], {
      timeout: RUN_LIMIT,
      env: { ...process.env, ...environment },
    });
    expect(stdout).toBe(printed);
    expect(stderr).toBe("");
  });
});

/** What the comment at the end of an example says it prints. */
function printedBy(source: string): string {
  const [, comment] = source.split(/^\/\/ Prints:\n/m);
  if (comment === undefined) {
    throw new Error("An example needs to end in a comment «Prints:» with what it prints");
  }
  return comment.replace(/^\/\/ ?/gm, "");
}

/** Owners that nobody named are new in every run. */
function withoutOwners(text: string): string {
  return text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "…");
}

/** Compiles as the strictest user would, and answers what the compiler says. */
async function compile(folder: string, files: string[]): Promise<string> {
  const options = [
    ...["--ignoreConfig", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--module", "node16"],
    ...["--moduleResolution", "node16", "--skipLibCheck", "false", "--types", "node"],
  ];
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  return run(process.execPath, [compiler, ...options, ...files], { cwd: folder }).then(
    () => "",
    (error: { stdout: string; message: string }) => error.stdout || error.message,
  );
}
