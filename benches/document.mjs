// `npm run bench:document`: measures cycles on every backend, hand-overs on every backend and what is in scenarios/, and
// writes docs/benchmarks.md with its pictures. `npm run bench:document -- --rounds=1` is quick, and as inexact. Names of
// backends, measures or scenarios measure those only, print them, and write nothing.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepare } from "../scripts/prepare.mjs";
import { failOnInterrupt, main, root, say, throwIfInterrupted } from "../scripts/step.mjs";
import { readArguments } from "./arguments.mjs";
import { measureCycles } from "./cycles.mjs";
import { CyclesSection } from "./document/cycles-section.mjs";
import { ScenarioSection } from "./document/scenario-section.mjs";
import { summarize } from "./document/verdicts.mjs";
import { installPeers } from "./peers.mjs";
import { plan } from "./plan.mjs";
import { describeMachine } from "./report.mjs";
import { describeServers, withServer } from "./servers.mjs";

const settleMs = 500;
const drivers = { pg: "", mysql2: "", mongodb: "", "mongo-distributed-locks": "" };

await main(async () => {
  failOnInterrupt();
  await prepare();
  await installPeers();
  // These load what was built and installed just now.
  const { measures } = await import("./hand-over/plan.mjs");
  const { scenarios } = await import("./scenarios/scenarios.mjs");
  const { dropIns } = await import("./scenarios/drop-ins.mjs");
  const known = [...Object.keys(plan), ...[...measures, ...scenarios, ...dropIns].map(({ name }) => name)];
  const { wanted, options } = readArguments(known, { rounds: 30, seconds: 10 });
  const chosen = (all) => all.filter(({ name }) => wanted.includes(name));
  const machine = describeMachine();
  const sections = [
    ...(await measureBackends(
      Object.keys(plan).filter((backend) => wanted.includes(backend)),
      options.rounds,
    )),
    ...(await measureScenarios(chosen(dropIns))),
    ...(await measureContention(chosen(measures), options.seconds)),
    ...(await measureScenarios(chosen(scenarios))),
  ];
  const page = drawPage(machine, sections);
  if (wanted.length < known.length) {
    process.stdout.write(`\n${page}`);
  } else {
    write(sections, page);
  }
});

async function measureBackends(backends, rounds) {
  const sections = [];
  for (const backend of backends) {
    const section = new CyclesSection(backend);
    say(`acquiring and releasing: ${backend}`);
    await measureCycles(backend, rounds, (workload, timings) => section.add(workload, timings));
    sections.push(section);
  }
  return sections;
}

async function measureContention(measures, seconds) {
  if (measures.length === 0) {
    return [];
  }
  const { measureHandOvers } = await import("./hand-over/hand-overs.mjs");
  const { HandOverSection } = await import("./document/hand-over-section.mjs");
  const results = await measureHandOvers(measures, seconds);
  return [...results].map(([measure, ofMeasure]) => new HandOverSection(measure, ofMeasure));
}

/** All on one backend by one server. */
async function measureScenarios(scenarios) {
  const sections = [];
  for (const backend of new Set(scenarios.map((scenario) => scenario.backend))) {
    await withServer(backend, async (url) => {
      for (const scenario of scenarios.filter((one) => one.backend === backend)) {
        sections.push(new ScenarioSection(scenario, await measureAll(scenario, url)));
      }
    });
  }
  return sections;
}

async function measureAll(scenario, url) {
  const results = [];
  for (const [id, { name }] of Object.entries(scenario.contestants)) {
    throwIfInterrupted();
    say(`${scenario.title}: ${name}`);
    try {
      results.push({ id, name, figures: await scenario.measure(id, url) });
    } catch (error) {
      results.push({ id, name, reason: error.message });
    }
    await new Promise((resolve) => setTimeout(resolve, settleMs));
  }
  return results;
}

function drawPage(machine, sections) {
  return [
    "# Benchmarks",
    "",
    "Written by `npm run bench:document`, in one run, on one machine that does the servers' work too. What matters are the",
    "ratios: the column *holdfast is* says how many times better or worse it is than the line it stands in. Each package is",
    "used as it comes, with its default intervals; the servers are on the same host, so a network would add to each round",
    "trip alike. Figures *measured elsewhere* are from a machine of the same kind, and none of this run.",
    "",
    ...summarize(sections.flatMap(({ verdicts }) => verdicts)),
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
  const names = Object.keys({ ...peers.dependencies, ...peers.optionalDependencies, ...drivers });
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
