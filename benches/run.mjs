// `npm run bench`: our locks against the packages one would use otherwise, on the same backends and machine.
// `npm run bench -- memory` measures that backend only; `npm run bench -- --rounds=100` measures for longer.

import { parseArgs } from "node:util";
import { prepare } from "../scripts/prepare.mjs";
import { failOnInterrupt, main, StepError, say } from "../scripts/step.mjs";
import { measureCycles } from "./cycles.mjs";
import { installPeers } from "./peers.mjs";
import { plan } from "./plan.mjs";
import { describeMachine, drawTable, judge } from "./report.mjs";

await main(async () => {
  failOnInterrupt();
  const { backends, rounds } = readArguments();
  await prepare();
  await installPeers();
  await measureAll(backends, rounds);
});

async function measureAll(backends, rounds) {
  console.log(`\n${describeMachine()}\n`);
  say(`measuring ${backends.join(" and ")} in ${rounds} rounds\n`);
  const verdicts = [];
  await measureCycles(backends, rounds, (backend, workload, timings) => {
    console.log(`${drawTable(`${backend}, ${workload.name}`, timings)}\n`);
    verdicts.push(...judge(backend, workload, timings));
  });
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
