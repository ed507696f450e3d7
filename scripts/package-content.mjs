// What a user downloads: exactly what the package needs at run time, and what explains it, with entries that every tool
// resolves alike.

import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { npm, root, StepError, step, tool } from "./step.mjs";

const folder = join(root, ".cache", "package");

const needed = [
  "package.json",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "index.js",
  "index.d.ts",
  "binding.js",
  "dist/index.js",
];
const allowed = [/^dist\/(?!.*\.spec\.).*\.js$/, /^dist\/.*\.d\.ts$/, /^holdfast\.[a-z0-9-]+\.node$/];

/** Fails when the packed package lacks a file somebody needs, has one nobody needs, or an entry is not for everybody. */
export async function checkPackage() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const options = ["--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder];
  const { output } = await step("checking what the package contains", [...npm(), "pack", ...options]);
  const [{ files, filename }] = JSON.parse(output.slice(output.indexOf("[")));
  checkContent(files.map((file) => file.path));

  const tarball = join(folder, filename);
  await step("linting the package", [...tool("publint"), "run", "--strict", tarball]);
  await step("checking how the entries of the package resolve", [
    ...tool("@arethetypeswrong/cli", "attw"),
    ...[tarball, "--profile", "node16", "--no-color", "--no-emoji"],
  ]);
}

function checkContent(paths) {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const exported = Object.values(exports).flatMap((target) =>
    typeof target === "string" ? target : Object.values(target),
  );
  const expected = [...new Set([...needed, ...exported.map((path) => path.slice(2))])];

  const absent = expected.filter((path) => !paths.includes(path));
  const superfluous = paths.filter(
    (path) => !expected.includes(path) && !allowed.some((pattern) => pattern.test(path)),
  );
  report("the package lacks", absent);
  report("the package contains what nobody needs", superfluous);
}

function report(complaint, paths) {
  if (paths.length > 0) {
    throw new StepError(`${complaint}: ${paths.join(", ")}`);
  }
}
