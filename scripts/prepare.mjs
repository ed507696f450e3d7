// Brings a checkout to the state in which everything runs: dependencies, native addon, TypeScript. What is up to date
// is left alone. Node built-ins only, because nothing is installed when this first runs.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { fingerprint, Stamp } from "./freshness.mjs";
import { main, npm, root, StepError, say, step } from "./step.mjs";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const oldestNode = 20;

/** Installs what package-lock.json says unless it is installed already. */
export async function install() {
  if (Number.parseInt(process.versions.node, 10) < oldestNode) {
    throw new StepError(`Node ${oldestNode} or newer is needed, this is ${process.version}`);
  }
  if (!isInstalled()) {
    await step("installing the development dependencies", [...npm(), "ci", "--no-audit", "--no-fund"]);
  }
}

/** npm leaves a record of what it put into node_modules; it has to name everything the lock file asks for. */
function isInstalled() {
  try {
    const wanted = readPackages("package-lock.json");
    const installed = readPackages("node_modules/.package-lock.json");
    return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
      const found = installed[path];
      return found === undefined
        ? path === "" || optional === true
        : found.version === version && found.integrity === integrity;
    });
  } catch {
    return false;
  }
}

function readPackages(path) {
  return JSON.parse(readFileSync(join(root, path), "utf8")).packages;
}

const native = new Stamp(
  "native",
  () =>
    fingerprint(
      ["Cargo.toml", "Cargo.lock", "build.rs", ".cargo", "src", "node_modules/@napi-rs/cli/package.json"],
      JSON.stringify([process.platform, process.arch, manifest.napi, manifest.scripts["build:native"]]),
    ),
  () => {
    const addons = readdirSync(root).filter((name) => name.endsWith(".node"));
    if (addons.length === 0) {
      throw new StepError("the build left no addon behind");
    }
    return fingerprint([...addons, "binding.js", "binding.d.ts"]);
  },
);

/** Builds the addon in release mode unless the one that is there came from these sources. */
export async function buildNative() {
  if (native.isFresh()) {
    return;
  }
  requireRust();
  await step("building the native addon", [...npm(), "run", "build:native"], { hint: "a few minutes the first time" });
  native.write();
}

function requireRust() {
  if (spawnSync("cargo", ["--version"]).status !== 0) {
    throw new StepError("Rust is needed to build the addon: install it from https://rustup.rs and run this again");
  }
}

const typescript = new Stamp(
  "typescript",
  () =>
    fingerprint(
      [
        "ts",
        "tsconfig.json",
        "binding.d.ts",
        "package-lock.json",
        "scripts/build-typescript.mjs",
        "scripts/declarations",
      ],
      JSON.stringify(manifest.exports),
    ),
  () => fingerprint(["dist", "index.d.ts"]),
);

/** Compiles ts/ into dist/ and index.d.ts unless they came from these sources. Needs the addon's declarations. */
export async function buildTypescript() {
  if (typescript.isFresh()) {
    return;
  }
  await step("compiling the TypeScript", [process.execPath, join(root, "scripts/build-typescript.mjs")]);
  typescript.write();
}

export async function prepare() {
  await install();
  await buildNative();
  await buildTypescript();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(async () => {
    await prepare();
    say("everything is built");
  });
}
