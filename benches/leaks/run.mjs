// `npm run bench:leaks`: whether acquiring and releasing for long leaves anything behind, in memory, in files, and on a
// server. Ends with 1 if it does. `npm run bench:leaks -- 10000` does so many cycles in each place.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepare } from "../../scripts/prepare.mjs";
import { failOnInterrupt, main, StepError } from "../../scripts/step.mjs";
import { withFolder } from "../folder.mjs";
import { withServer } from "../servers.mjs";

const script = fileURLToPath(new URL("cycles.mjs", import.meta.url));
const counts = { memory: 1_000_000, sqlite: 200_000, redis: 200_000 };

await main(async () => {
  failOnInterrupt();
  const count = readCount();
  await prepare();
  let isClean = await cycle("memory:", count ?? counts.memory);
  isClean =
    (await withFolder((folder) => cycle(`sqlite:${join(folder, "locks.db")}`, count ?? counts.sqlite))) && isClean;
  // One of its own: the fences of so many keys are no good in anybody's.
  isClean = (await withServer("redis", (url) => cycle(url, count ?? counts.redis))) && isClean;
  return isClean ? 0 : 1;
});

async function cycle(url, count) {
  const child = spawn(process.execPath, ["--expose-gc", script, url, String(count)], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  console.log();
  return code === 0;
}

function readCount() {
  const [count] = process.argv.slice(2);
  if (count === undefined) {
    return undefined;
  }
  if (!(Number.isSafeInteger(Number(count)) && Number(count) >= 1_000)) {
    throw new StepError(`${count} cycles are none: give a number from 1000`);
  }
  return Number(count);
}
