// npm/ holds one package for every platform the addon is built for. They and the crate must be of one version, and the
// platform packages those that `napi create-npm-dirs` makes.

import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root, StepError, step, tool } from "./step.mjs";

const scratch = ".cache/npm";
const advice = "run `npx napi create-npm-dirs` and commit npm/";

/** Fails where npm/ or Cargo.toml do not agree with package.json. */
export async function checkPlatformPackages() {
  rmSync(join(root, scratch), { recursive: true, force: true });
  const command = [...tool("@napi-rs/cli", "napi"), "create-npm-dirs", "--npm-dir", scratch];
  await step("checking the platform packages", command);
  const folders = [...new Set([...readdirSync(join(root, scratch)), ...readdirSync(join(root, "npm"))])];
  for (const folder of folders) {
    for (const file of ["package.json", "README.md"]) {
      if (read(`npm/${folder}/${file}`) !== read(`${scratch}/${folder}/${file}`)) {
        throw new StepError(`npm/${folder}/${file} does not match package.json: ${advice}`);
      }
    }
  }

  const { version } = JSON.parse(read("package.json"));
  const [, crateVersion] = /^version = "(.*)"$/m.exec(read("Cargo.toml"));
  if (crateVersion !== version) {
    throw new StepError(`Cargo.toml is of version ${crateVersion}, package.json of ${version}`);
  }
}

function read(path) {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : undefined;
}
