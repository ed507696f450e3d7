// `npm run bench`: our locks against the packages one would use otherwise, on the same backends and machine.
// `npm run bench -- memory` measures that backend only; `npm run bench -- --rounds=100` measures for longer.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepare } from "../scripts/prepare.mjs";
import { provision } from "../scripts/servers.mjs";
import { main, StepError, say } from "../scripts/step.mjs";
import { measure } from "./measure.mjs";
import { installPeers } from "./peers.mjs";
import { plan, servers } from "./plan.mjs";
import { describeMachine, drawTable, judge } from "./report.mjs";
import { withServer } from "./servers.mjs";
import { isOf, loadSubjects } from "./subjects.mjs";

await main(async () => {
  const { backends, rounds } = readArguments();
  await prepare();
  await installPeers();
  const { environment, missing, stop } = await provision(backends.flatMap((backend) => servers[backend] ?? []));
  try {
    if (missing.length > 0) {
      throw new StepError(missing.join("; "));
    }
    Object.assign(process.env, environment);
    await measureAll(backends, rounds);
  } finally {
    await stop();
  }
});

async function measureAll(backends, rounds) {
  const subjects = await loadSubjects(backends);

  console.log(`\n${describeMachine()}\n`);
  say(`measuring ${backends.join(" and ")} in ${rounds} rounds\n`);
  const verdicts = [];
  for (const backend of backends) {
    const contestants = subjects.filter((subject) => isOf(subject, backend));
    await withServer(backend, async (url) => {
      for (const workload of plan[backend]) {
        const fitting = contestants.filter(({ maxInFlight = workload.inFlight }) => workload.inFlight <= maxInFlight);
        const timings = await measureInFolder(fitting, workload, rounds, url);
        console.log(`${drawTable(`${backend}, ${workload.name}`, timings)}\n`);
        verdicts.push(...judge(backend, workload, timings));
      }
    });
  }
  console.log(`required, by the medians\n${verdicts.map((verdict) => `  ${verdict}`).join("\n")}`);
}

function readArguments() {
  const known = Object.keys(plan);
  const { values, positionals } = parse();
  const unknown = positionals.find((backend) => !known.includes(backend));
  if (unknown !== undefined) {
    throw new StepError(`there is no benchmark "${unknown}": name some of ${known.join(", ")}, or none for all`);
  }
  const rounds = Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    throw new StepError(`--rounds is ${values.rounds}: give it a number from 1`);
  }
  return { backends: positionals.length > 0 ? positionals : known, rounds };
}

function parse() {
  try {
    return parseArgs({ allowPositionals: true, options: { rounds: { type: "string", default: "30" } } });
  } catch (error) {
    throw new StepError(error.message);
  }
}

async function measureInFolder(subjects, workload, rounds, url) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  try {
    return await measure(subjects, workload, { folder, rounds, url });
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
