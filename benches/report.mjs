// What is printed: the machine, a table for every workload, and the requirements.

import { availableParallelism, cpus, loadavg } from "node:os";
import { decide } from "./verdict.mjs";

/** @typedef {{ workload: import("./plan.mjs").Workload, timings: import("./measure.mjs").Timing[] }} Result */

const columns = ["cycles/s", "µs a cycle", "µs, best slice", "× peer", "× peer, best slice"];

export function describeMachine() {
  const load = loadavg().map((average) => average.toFixed(2));
  return [
    `Node.js ${process.version} on ${process.platform}-${process.arch}`,
    `${cpus()[0]?.model.trim() ?? "unknown CPU"}, ${availableParallelism()} cores`,
    `load average ${load.join(", ")} (1, 5 and 15 minutes)`,
  ].join("\n");
}

/**
 * @param {string} title
 * @param {import("./measure.mjs").Timing[]} timings
 */
export function drawTable(title, timings) {
  const rows = timings.map(({ subject, median, least }) => [
    subject.name,
    Math.round(1e6 / median).toLocaleString("en"),
    median.toFixed(2),
    least.toFixed(2),
    ...["median", "least"].map((measure) => times(ratio(timings, subject, measure))),
  ]);
  const table = [["", ...columns], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const lines = table.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join("  "),
  );
  return `${title}\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

/**
 * Whether ours is as fast as it has to be.
 *
 * @param {string} title of the backend
 * @param {Result} result
 * @param {Result[]} results of the same backend
 * @returns {import("./verdict.mjs").Verdict[]}
 */
export function judge(title, { workload, timings }, results) {
  const { name, atLeast, atLeastOfPackage, noLessThan } = workload;
  const own = ours(timings);
  const fewer = results.find((result) => result.workload.name === noLessThan);
  const requirements = [
    { least: atLeast, rival: fastest(timings, "peer", "median"), missing: "the peer, which is not here" },
    {
      least: atLeastOfPackage,
      rival: fastest(timings, "package", "median"),
      missing: "the package, which is not here",
    },
    { least: noLessThan && 1, rival: fewer && ours(fewer.timings), missing: noLessThan, is: `holdfast, ${noLessThan}` },
  ];
  return requirements
    .filter(({ least }) => least !== undefined)
    .map(({ least, rival, missing, is = rival?.subject.name ?? missing }) => {
      const measured = own && rival && rival.median / own.median;
      return decide(
        `${title}, ${name}: at least ${least} × ${is}`,
        times(measured),
        measured === undefined ? undefined : measured >= least,
      );
    });
}

function ours(timings) {
  return timings.find(({ subject }) => subject.role === "ours");
}

/** How many times as many cycles a second as the fastest peer; undefined where there is none. */
function ratio(timings, wanted, measure) {
  const peer = fastest(timings, "peer", measure);
  const own = timings.find(({ subject }) => subject === wanted);
  return peer && peer[measure] / own[measure];
}

function fastest(timings, wanted, measure) {
  return timings
    .filter(({ subject }) => subject.role === wanted)
    .sort((left, right) => left[measure] - right[measure])[0];
}

function times(ratio) {
  return ratio === undefined ? "–" : `${ratio.toFixed(2)} ×`;
}
