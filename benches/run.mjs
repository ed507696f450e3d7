// `npm run bench`: our locks against the packages one would use otherwise, on the same backends and machine.
// `npm run bench -- memory` measures that backend only; `npm run bench -- --rounds=100` measures for longer.

import { prepare } from "../scripts/prepare.mjs";
import { failOnInterrupt, main, say } from "../scripts/step.mjs";
import { readArguments } from "./arguments.mjs";
import { measureCycles } from "./cycles.mjs";
import { installPeers } from "./peers.mjs";
import { plan, titles } from "./plan.mjs";
import { describeMachine, drawTable, judge } from "./report.mjs";
import { describeVerdict } from "./verdict.mjs";

await main(async () => {
  failOnInterrupt();
  const { wanted, options } = readArguments(Object.keys(plan), { rounds: 30 });
  await prepare();
  await installPeers();
  await measureAll(wanted, options.rounds);
});

async function measureAll(backends, rounds) {
  console.log(`\n${describeMachine()}\n`);
  say(`measuring ${backends.join(" and ")} in ${rounds} rounds\n`);
  const verdicts = [];
  for (const backend of backends) {
    const results = [];
    await measureCycles(backend, rounds, (workload, timings) => {
      console.log(`${drawTable(`${backend}, ${workload.name}`, timings)}\n`);
      results.push({ workload, timings });
    });
    verdicts.push(...results.flatMap((result) => judge(titles[backend], result, results)));
  }
  console.log(`required, by the medians\n${verdicts.map((verdict) => `  ${describeVerdict(verdict)}`).join("\n")}`);
}
