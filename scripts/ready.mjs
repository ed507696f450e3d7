// `npm run ready`: everything besides the tests that has to hold before a change is done. Runs all checks, then says
// which failed.

import { checkLockfile } from "./lockfile.mjs";
import { checkPackage } from "./package-content.mjs";
import { checkPlatformPackages } from "./platform-packages.mjs";
import { buildNative, buildTypescript, install } from "./prepare.mjs";
import { failOnInterrupt, main, root, StepError, say, step, throwIfInterrupted, tool } from "./step.mjs";

const checks = [
  () => step("checking the format of the Rust code", ["cargo", "fmt", "--check"]),
  () =>
    step("linting the Rust code", [...["cargo", "clippy", "--locked", "--all-targets"], ...["--", "-D", "warnings"]]),
  () => step("checking format and lint of everything else", [...tool("@biomejs/biome", "biome"), "ci", "--colors=off"]),
  // Before the build, which would write the file it is to be compared with.
  () => step("comparing index.d.ts with ts/", [process.execPath, `${root}/scripts/build-typescript.mjs`, "--check"]),
  buildTypescript,
  () =>
    step("checking the types of tests, examples and benchmarks", [
      ...tool("typescript", "tsc"),
      "-p",
      "tsconfig.check.json",
    ]),
  () => step("checking that every public name is documented", [...tool("typedoc"), "--emit", "none"]),
  checkPackage,
  checkPlatformPackages,
  checkLockfile,
];

await main(async () => {
  failOnInterrupt();
  await install();
  await buildNative();

  const failures = [];
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      throwIfInterrupted();
      if (!(error instanceof StepError)) {
        throw error;
      }
      process.stderr.write(`holdfast: ${error.message}\n`);
      failures.push(error.message.split(/[\n:]/, 1)[0]);
    }
  }
  if (failures.length > 0) {
    throw new StepError(`not ready: ${failures.join("; ")}`);
  }
  say("ready");
});
