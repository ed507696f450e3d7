// What a user downloads: exactly what the package needs at run time, and what explains it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { npm, root, StepError, step } from "./step.mjs";

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

/** Fails when the packed package lacks a file somebody needs or has one nobody needs. */
export async function checkPackage() {
  const command = [...npm(), "pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel=error"];
  const { output } = await step("checking what the package contains", command);
  const [{ files }] = JSON.parse(output.slice(output.indexOf("[")));
  const paths = files.map((file) => file.path);

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
