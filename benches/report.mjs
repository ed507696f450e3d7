// What is printed: the machine, a table for every workload, and the requirements.

import { availableParallelism, cpus, loadavg } from "node:os";

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
 * A line for each requirement, that says whether ours is as fast as it has to be.
 *
 * @param {string} backend
 * @param {import("./plan.mjs").Workload} workload
 * @param {import("./measure.mjs").Timing[]} timings
 */
export function judge(backend, { name, atLeast, atLeastOfPackage }, timings) {
  const ours = timings.find(({ subject }) => subject.role === "ours");
  const requirements = [
    ["peer", atLeast],
    ["package", atLeastOfPackage],
  ].filter(([, least]) => least !== undefined);
  return requirements.map(([role, least]) => {
    const rival = fastest(timings, role, "median");
    const what = `${backend}, ${name}: at least ${least} times`;
    if (ours === undefined || rival === undefined) {
      return `${what} the ${role}, which is not here: not measured`;
    }
    const measured = rival.median / ours.median;
    return `${what} ${rival.subject.name}: ${times(measured)}, ${measured >= least ? "met" : "not met"}`;
  });
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
