// `npm run bench:hand-over`: how a key goes from one who holds it to those who wait, on every database, beside what
// other packages reach. Names of measures measure those only; `npm run bench:hand-over -- --seconds=30` watches those who
// wait for longer.

import { prepare } from "../../scripts/prepare.mjs";
import { failOnInterrupt, main } from "../../scripts/step.mjs";
import { readArguments } from "../arguments.mjs";
import { show } from "../document/comparison.mjs";
import { installPeers } from "../peers.mjs";
import { titles } from "../plan.mjs";
import { describeMachine } from "../report.mjs";
import { describeVerdict } from "../verdict.mjs";
import { elsewhere } from "./elsewhere.mjs";
import { measures } from "./plan.mjs";

await main(async () => {
  failOnInterrupt();
  const { wanted, options } = readArguments(
    measures.map(({ name }) => name),
    { seconds: 5 },
  );
  await prepare();
  await installPeers();
  const machine = describeMachine();
  // It loads other packages, which are there now.
  const { judgeHandOvers, measureHandOvers } = await import("./hand-overs.mjs");
  const chosen = measures.filter(({ name }) => wanted.includes(name));
  const results = await measureHandOvers(chosen, options.seconds);
  console.log(`\n${machine}\n`);
  for (const [measure, ofMeasure] of results) {
    print(measure, ofMeasure, judgeHandOvers(measure, ofMeasure));
  }
});

function print(measure, results, verdicts) {
  console.log(measure.title);
  for (const { backend, rival = "holdfast", figures, reason } of results) {
    console.log(`  ${`${rival}, ${titles[backend]}`.padEnd(34)}  ${reason ?? describe(measure, figures)}`);
  }
  console.log("  others, measured on such a machine:");
  for (const { name, figures } of elsewhere[measure.name]) {
    console.log(`    ${name.padEnd(36)}  ${describe(measure, figures)}`);
  }
  console.log("  asked");
  for (const verdict of verdicts) {
    console.log(`    ${describeVerdict(verdict)}`);
  }
  console.log();
}

function describe(measure, figures) {
  return measure.figures
    .filter(({ name }) => figures[name] !== undefined)
    .map(({ name, title }) => `${title}: ${show(figures[name])}`)
    .join("; ");
}
