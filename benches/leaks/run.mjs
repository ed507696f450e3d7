// `npm run bench:leaks`: whether acquiring and releasing for long leaves anything behind, in memory, in files, and on a
// server. Ends with 1 if it does. `npm run bench:leaks -- 10000` does so many cycles in each place.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepare } from "../../scripts/prepare.mjs";
import { Throwaway } from "../../scripts/servers/throwaway.mjs";
import { recipes } from "../../scripts/servers.mjs";
import { failOnInterrupt, main, StepError } from "../../scripts/step.mjs";

const script = fileURLToPath(new URL("cycles.mjs", import.meta.url));
const counts = { memory: 1_000_000, sqlite: 200_000, redis: 200_000 };

await main(async () => {
  failOnInterrupt();
  const count = readCount();
  await prepare();
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  let isClean = true;
  try {
    isClean = (await cycle("memory:", count ?? counts.memory)) && isClean;
    isClean = (await cycle(`sqlite:${join(folder, "locks.db")}`, count ?? counts.sqlite)) && isClean;
    isClean = (await withRedis((url) => cycle(url, count ?? counts.redis))) && isClean;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  return isClean ? 0 : 1;
});

async function cycle(url, count) {
  const child = spawn(process.execPath, ["--expose-gc", script, url, String(count)], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  console.log();
  return code === 0;
}

/** With one of its own: the fences of so many keys are no good in anybody's. */
async function withRedis(work) {
  const programs = recipes.redis.find() ?? ((await recipes.redis.obtain()) ? recipes.redis.find() : undefined);
  if (programs === undefined) {
    throw new StepError(`${recipes.redis.name} is missing: install it`);
  }
  const server = await Throwaway.create(recipes.redis.name);
  try {
    return await work(await recipes.redis.start(server, programs));
  } finally {
    await server.stop();
  }
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
