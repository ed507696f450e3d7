// `npm run bench:hand-over`: how a key goes from one who holds it to those who wait, on every database, beside what
// other packages reach. `npm run bench:hand-over -- --seconds=30` watches those who wait for longer.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepare } from "../../scripts/prepare.mjs";
import { provision } from "../../scripts/servers.mjs";
import { failOnInterrupt, main, StepError } from "../../scripts/step.mjs";
import { describeMachine } from "../report.mjs";
import { figures } from "./figures.mjs";

await main(async () => {
  failOnInterrupt();
  const seconds = readSeconds();
  await prepare();
  const servers = await provision(["redis", "postgres", "mariadb", "mongodb"]);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  let places = [];
  try {
    // They load the addon and dist/, which are there now.
    const { openPlaces } = await import("./places.mjs");
    const measures = await import("./measures.mjs");
    places = await openPlaces(servers.environment, folder);
    const others = places.filter(({ isInProcess }) => !isInProcess);
    console.log(`\n${describeMachine()}\n`);
    await table("one process", "100 wait in one process, empty sections", places, measures.measureOneProcess);
    await table("four processes", "25 wait in each of four", others, measures.measureFourProcesses);
    await table("1000 waiting", `1000 wait in one process for ${seconds} s on a key that stays held`, places, (place) =>
      measures.measureThousand(place, seconds),
    );
    await table("killed holder", "the holder is killed, its ttl is 2 s", others, measures.measureKill);
    for (const line of servers.missing) {
      console.log(line);
    }
  } finally {
    await Promise.allSettled(places.map((place) => place.close?.()));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    await servers.stop();
  }
});

async function table(line, title, places, measure) {
  console.log(title);
  for (const place of places) {
    console.log(`  holdfast, ${place.name.padEnd(10)}  ${await measure(place)}`);
  }
  console.log(`  others, measured on such a machine:\n${figures[line].map((figure) => `    ${figure}`).join("\n")}\n`);
}

function readSeconds() {
  const { values } = parse();
  const seconds = Number(values.seconds);
  if (!(Number.isInteger(seconds) && seconds > 0)) {
    throw new StepError(`--seconds is ${values.seconds}: give it a number from 1`);
  }
  return seconds;
}

function parse() {
  try {
    return parseArgs({ options: { seconds: { type: "string", default: "5" } } });
  } catch (error) {
    throw new StepError(error.message);
  }
}
