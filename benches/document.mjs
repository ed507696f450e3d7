// `npm run bench:document`: measures what is in scenarios/ and writes docs/benchmarks.md with its pictures. Names of
// scenarios as arguments measure those only, print them, and write nothing.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepare } from "../scripts/prepare.mjs";
import { provision } from "../scripts/servers.mjs";
import { failOnInterrupt, main, root, StepError, say } from "../scripts/step.mjs";
import { installPeers } from "./peers.mjs";
import { describeMachine } from "./report.mjs";
import { drawBars } from "./scenarios/picture.mjs";
import { rivals } from "./scenarios/rivals.mjs";
import { scenarios } from "./scenarios/scenarios.mjs";

const ours = "holdfast";
const settleMs = 500;

await main(async () => {
  failOnInterrupt();
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    throw new StepError(
      `there is no scenario "${unknown}": name some of ${scenarios.map(({ name }) => name).join(", ")}`,
    );
  }
  await prepare();
  await installPeers();
  const { environment, missing, stop } = await provision(["redis"]);
  try {
    if (missing.length > 0) {
      throw new StepError(missing.join("; "));
    }
    const chosen = scenarios.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
    const results = [];
    for (const scenario of chosen) {
      results.push({ scenario, figures: await measureAll(scenario, environment.REDIS_URL) });
    }
    const page = drawPage(results);
    if (wanted.length > 0) {
      process.stdout.write(`\n${page}`);
    } else {
      write(results, page);
    }
  } finally {
    await stop();
  }
});

async function measureAll(scenario, url) {
  const figures = [];
  for (const [id, { name }] of Object.entries(rivals)) {
    say(`${scenario.title}: ${name}`);
    try {
      figures.push({ id, name, value: await scenario.measure(id, url) });
    } catch (error) {
      figures.push({ id, name, value: undefined, reason: error.message });
    }
    await new Promise((resolve) => setTimeout(resolve, settleMs));
  }
  return figures;
}

function drawPage(results) {
  const lines = [
    "# Benchmarks",
    "",
    "Written by `npm run bench:document`, in one run, on one machine that does the server's work too. What matters are the",
    "ratios. Each package is used as it comes, with its default intervals; Redis is on the same host, so a network would add",
    "to each round trip alike. `npm run bench` compares acquiring and releasing alone, on every database.",
    "",
    "```text",
    describeMachine(),
    ...Object.values(rivals).map(({ name }) => `${name} ${versionOf(name)}`),
    "```",
    "",
  ];
  for (const { scenario, figures } of results) {
    const own = figures.find(({ id }) => id === ours)?.value;
    lines.push(`## ${scenario.title}`, "");
    if (scenario.note !== undefined) {
      lines.push(scenario.note, "");
    }
    lines.push(`| | ${scenario.unit} | holdfast is |`, "| --- | ---: | --- |");
    for (const { id, name, value, reason } of figures) {
      lines.push(`| ${name} | ${reason ?? show(value)} | ${id === ours ? "" : compare(own, value, scenario)} |`);
    }
    lines.push("", `![${scenario.title}](benchmarks/${scenario.name}.svg)`, "");
  }
  return lines.join("\n");
}

/** In words, because a ratio does not say which way round it is. */
function compare(own, other, { isLessBetter = false }) {
  if (own === undefined || other === undefined || own <= 0 || other <= 0) {
    return "";
  }
  const ratio = isLessBetter ? other / own : own / other;
  return ratio >= 1 ? `${show(ratio)} × better` : `${show(1 / ratio)} × worse`;
}

function show(value) {
  if (value === undefined) {
    return "not offered";
  }
  return Math.abs(value) >= 100 || Number.isInteger(value)
    ? Math.round(value).toLocaleString("en")
    : value.toPrecision(2);
}

function write(results, page) {
  const folder = join(root, "docs", "benchmarks");
  mkdirSync(folder, { recursive: true });
  for (const { scenario, figures } of results) {
    const bars = figures
      .filter(({ value }) => value !== undefined)
      .map(({ id, name, value }) => ({ name, value, text: show(value), isOurs: id === ours }));
    writeFileSync(join(folder, `${scenario.name}.svg`), drawBars(`${scenario.title} (${scenario.unit})`, bars));
  }
  writeFileSync(join(root, "docs", "benchmarks.md"), page);
  say("wrote docs/benchmarks.md");
}

function versionOf(name) {
  const path = name === ours ? "package.json" : `benches/node_modules/${name}/package.json`;
  return JSON.parse(readFileSync(join(root, path), "utf8")).version;
}
