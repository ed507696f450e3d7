// The packages the benchmarks compare with, which the library itself does not need.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { npm, root, say, step } from "../scripts/step.mjs";

const folder = join(root, "benches");

/** Installs them into benches/node_modules unless they are there. Without them, what is ours is measured alone. */
export async function installPeers() {
  if (areInstalled()) {
    return;
  }
  say("the packages to compare with go into benches/node_modules");
  const { code, output } = await step("installing them", [...npm(), "ci", "--prefix", folder, "--no-audit"], {
    hint: "some minutes where better-sqlite3 has to be compiled",
    mayFail: true,
  });
  if (code !== 0) {
    process.stderr.write(output);
    say("they could not be installed");
  }
}

/** One that is optional may have failed to install; that is not tried again at every run. */
function areInstalled() {
  const { dependencies, optionalDependencies } = readJson("package.json");
  const versionOf = (name) => readJson(`node_modules/${name}/package.json`)?.version;
  return (
    Object.entries(dependencies).every(([name, version]) => versionOf(name) === version) &&
    Object.entries(optionalDependencies).every(([name, version]) => [version, undefined].includes(versionOf(name)))
  );
}

/** Undefined if there is no such file. */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(folder, path), "utf8"));
  } catch {
    return undefined;
  }
}
