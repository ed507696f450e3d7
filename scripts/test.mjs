// `npm test`: builds what is stale, provides the servers, runs the Rust and the TypeScript suites, and ends with one
// line that counts both. Arguments narrow the run to the TypeScript suites they match: `npm test -- __test__/async`.

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { prepare } from "./prepare.mjs";
import { provision, required } from "./servers.mjs";
import { failOnInterrupt, main, root, StepError, step, tool } from "./step.mjs";

const report = join(root, ".cache", "vitest.json");
const colours = process.stdout.isTTY ? { CARGO_TERM_COLOR: "always", FORCE_COLOR: "1" } : { NO_COLOR: "1" };
const filters = process.argv.slice(2);

await main(async () => {
  failOnInterrupt();
  const counts = [];
  let missing = [];
  try {
    await prepare();
    const servers = await provision(required);
    missing = servers.missing;
    try {
      const environment = { ...colours, ...servers.environment };
      if (filters.length === 0) {
        counts.push(await testRust(environment));
      }
      counts.push(await testTypescript(environment));
    } finally {
      await servers.stop();
    }
  } catch (error) {
    if (!(error instanceof StepError)) {
      throw error;
    }
    process.stderr.write(`holdfast: ${error.message}\n`);
    counts.push({ passed: 0, failed: 1 });
  }
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  for (const line of missing) {
    process.stdout.write(`${line}\n`);
  }
  const incomplete = missing.length > 0 && Boolean(process.env.REQUIRE_SERVERS);
  return failed > 0 || passed === 0 || incomplete ? 1 : 0;
});

/**
 * The development profile: its overflow checks and debug assertions are wanted here, and a test program links in a
 * second where the release profile optimises the whole program again for each.
 */
async function testRust(environment) {
  const command = ["cargo", "test", "--locked", "--no-fail-fast"];
  await step("compiling the Rust tests", [...command, "--no-run"], { environment });
  const { code, output } = await step("running the Rust tests", command, { show: true, mayFail: true, environment });
  const count = { passed: 0, failed: 0 };
  for (const [, passed, failed] of output.matchAll(/test result: .*?(\d+) passed; (\d+) failed/g)) {
    count.passed += Number(passed);
    count.failed += Number(failed);
  }
  return withFailure(count, code);
}

async function testTypescript(environment) {
  rmSync(report, { force: true });
  const { code } = await step(
    "running the TypeScript tests",
    [...tool("vitest"), "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...filters],
    { show: true, mayFail: true, environment },
  );
  return withFailure(readReport(), code);
}

function readReport() {
  try {
    const { numPassedTests: passed, numFailedTests: failed } = JSON.parse(readFileSync(report, "utf8"));
    return { passed, failed };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

/** A run can fail without a failing test, as when a suite does not load; that is one failure, never none. */
function withFailure(count, code) {
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}
