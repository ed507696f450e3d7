// `npm run bench:document`: measures cycles on every backend and what is in scenarios/, and writes docs/benchmarks.md with
// its pictures. `npm run bench:document -- --rounds=1` is quick, and as inexact. Names of backends or scenarios measure
// those only, print them, and write nothing.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepare } from "../scripts/prepare.mjs";
import { failOnInterrupt, main, root, StepError, say, throwIfInterrupted } from "../scripts/step.mjs";
import { measureCycles } from "./cycles.mjs";
import { CyclesSection } from "./document/cycles-section.mjs";
import { ScenarioSection } from "./document/scenario-section.mjs";
import { installPeers } from "./peers.mjs";
import { plan } from "./plan.mjs";
import { describeMachine } from "./report.mjs";
import { rivals } from "./scenarios/rivals.mjs";
import { scenarios } from "./scenarios/scenarios.mjs";
import { describeServers, withServer } from "./servers.mjs";

const settleMs = 500;

await main(async () => {
  failOnInterrupt();
  const { wanted, rounds } = readArguments();
  const isWanted = (name) => wanted.length === 0 || wanted.includes(name);
  await prepare();
  await installPeers();
  const machine = describeMachine();
  const sections = [];
  for (const backend of Object.keys(plan).filter(isWanted)) {
    const section = new CyclesSection(backend);
    say(`acquiring and releasing: ${backend}`);
    await measureCycles([backend], rounds, (_, workload, timings) => section.add(workload, timings));
    sections.push(section);
  }
  const chosen = scenarios.filter(({ name }) => isWanted(name));
  if (chosen.length > 0) {
    await withServer("redis", async (url) => {
      for (const scenario of chosen) {
        sections.push(new ScenarioSection(scenario, await measureAll(scenario, url)));
      }
    });
  }
  const page = drawPage(machine, sections);
  if (wanted.length > 0) {
    process.stdout.write(`\n${page}`);
  } else {
    write(sections, page);
  }
});

function readArguments() {
  const known = [...Object.keys(plan), ...scenarios.map(({ name }) => name)];
  const { values, positionals: wanted } = parse();
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new StepError(`there is no "${unknown}" to measure: name some of ${known.join(", ")}, or none for all`);
  }
  const rounds = Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    throw new StepError(`--rounds is ${values.rounds}: give it a number from 1`);
  }
  return { wanted, rounds };
}

function parse() {
  try {
    return parseArgs({ allowPositionals: true, options: { rounds: { type: "string", default: "30" } } });
  } catch (error) {
    throw new StepError(error.message);
  }
}

async function measureAll(scenario, url) {
  const figures = [];
  for (const [id, { name }] of Object.entries(rivals)) {
    throwIfInterrupted();
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

function drawPage(machine, sections) {
  return [
    "# Benchmarks",
    "",
    "Written by `npm run bench:document`, in one run, on one machine that does the servers' work too. What matters are the",
    "ratios: the column *holdfast is* says how many times better or worse it is than the line it stands in. Each package is",
    "used as it comes, with its default intervals; the servers are on the same host, so a network would add to each round",
    "trip alike.",
    "",
    "```text",
    machine,
    ...describeServers(Object.keys(plan)),
    ...versions(),
    "```",
    "",
    ...sections.map((section) => section.page()),
  ].join("\n");
}

function write(sections, page) {
  const folder = join(root, "docs", "benchmarks");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const section of sections) {
    for (const { file, picture } of section.pictures()) {
      writeFileSync(join(folder, file), picture);
    }
  }
  writeFileSync(join(root, "docs", "benchmarks.md"), page);
  say("wrote docs/benchmarks.md");
}

/** Of what is compared; a driver comes from where our own tests have it. */
function versions() {
  const peers = readJson("benches/package.json");
  const names = Object.keys({ ...peers.dependencies, ...peers.optionalDependencies, pg: "", mysql2: "", mongodb: "" });
  return [
    `holdfast ${readJson("package.json").version}`,
    ...names.sort().map((name) => {
      const found =
        readJson(`benches/node_modules/${name}/package.json`) ?? readJson(`node_modules/${name}/package.json`);
      return `${name} ${found?.version ?? "is not installed"}`;
    }),
  ];
}

/** Undefined if there is no such file. */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), "utf8"));
  } catch {
    return undefined;
  }
}
