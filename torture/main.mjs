// Runs adapters one after the other and says what came of it. `npm run torture` builds what this needs.

import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { failOnInterrupt, main, StepError, say, throwIfInterrupted } from "../scripts/step.mjs";
import { adapters } from "./adapters.mjs";
import { broken } from "./broken.mjs";
import { drawReport, isClean } from "./report.mjs";
import { Run } from "./run.mjs";

const defaultMinutes = 2;

/** @param {string[]} commandLine */
export async function torture(commandLine) {
  const { names, seconds, seed, build, isOwnServer } = readArguments(commandLine);
  say(`seed ${seed}: \`--seed ${seed}\` repeats this schedule`);
  const verdicts = [];
  const failures = [];
  for (const adapter of names) {
    say(`torturing ${adapters[adapter].title} for ${Math.round(seconds / names.length)} s`);
    const run = new Run({ adapter, seconds: seconds / names.length, seed, isOwnServer, ...build });
    try {
      verdicts.push(await run.execute());
    } catch (error) {
      throwIfInterrupted();
      if (!(error instanceof StepError)) {
        throw error;
      }
      // What came of the others is worth knowing.
      failures.push(`${adapters[adapter].title} was not tortured: ${error.message}`);
    }
  }
  process.stdout.write(`\n${drawReport(verdicts)}\n`);
  if (failures.length > 0) {
    throw new StepError(failures.join("\n"));
  }
  return verdicts.every(isClean) ? 0 : 1;
}

function readArguments(commandLine) {
  const known = Object.keys(adapters);
  const { values } = parse(commandLine);
  const names = values.adapters?.split(",") ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new StepError(`there is no adapter "${unknown}": name some of ${known.join(",")}`);
  }
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) {
    throw new StepError(`--minutes is ${values.minutes}: give it a number above 0, for all adapters together`);
  }
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new StepError(`--seed is ${values.seed}: give it a whole number`);
  }
  if (values.broken !== undefined && broken[values.broken] === undefined) {
    throw new StepError(`there is no broken build "${values.broken}": name one of ${Object.keys(broken).join(", ")}`);
  }
  const settings = { seed, seconds: 60 * minutes, isOwnServer: !values.shared };
  if (values.broken === undefined) {
    return { ...settings, names, build: {} };
  }
  const build = { build: values.broken, ...broken[values.broken].run };
  return { ...settings, names: [build.adapter], build };
}

function parse(commandLine) {
  try {
    return parseArgs({
      args: commandLine,
      options: {
        minutes: { type: "string", default: String(defaultMinutes) },
        seed: { type: "string" },
        adapters: { type: "string" },
        // A build that is to be caught, to see that it is.
        broken: { type: "string" },
        // The servers that the environment names are used, and not restarted.
        shared: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new StepError(error.message);
  }
}

// What it needs is built already where it is run by itself.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  failOnInterrupt();
  await main(() => torture(process.argv.slice(2)));
  // Everything has been stopped; a socket that Node cannot let go of is no reason to stay.
  process.exit();
}
