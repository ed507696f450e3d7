// What it costs to hold many locks: one process keeps them all, and the server is asked in few batches.

import { expect, test } from "vitest";
import { RedisServer } from "../lock/redis-server";
import { Child } from "./child";

const isLong = process.env.HOLDFAST_LONG !== undefined;
const COUNT = isLong ? 10_000 : 2_000;
/** At the least, for three renewals of each, the last of which may be six seconds late. */
const SECONDS = isLong ? 60 : 24;

async function figures(server: RedisServer): Promise<{ renewals: number; commands: number; reads: number }> {
  const text = `${await server.command("INFO", "commandstats")}${await server.command("INFO", "stats")}`;
  const figure = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    renewals: figure(/cmdstat_pexpire:calls=(\d+)/),
    commands: figure(/cmdstat_evalsha:calls=(\d+)/),
    reads: figure(/total_reads_processed:(\d+)/),
  };
}

test(`${COUNT} locks are held and renewed by one process`, { timeout: 180_000 }, async ({ onTestFinished }) => {
  const server = await RedisServer.start();
  onTestFinished(() => server.remove());
  const child = new Child("holding-many.mjs", [server.url, `${COUNT}`, `${SECONDS * 1000}`], { talks: true });
  expect(await child.hear()).toBe("holding");
  const before = await figures(server);
  child.tell("go");
  const word = (await child.hear()) as { held: number; processorSeconds: number; megabytes: number };
  const after = await figures(server);
  const renewals = after.renewals - before.renewals;
  const [commands, reads] = [after.commands - before.commands, after.reads - before.reads];
  const aSecond = (count: number) => (count / SECONDS).toFixed(1);
  console.log(
    `${COUNT} locks with a ttl of 18 s: ${aSecond(renewals)} renewals by ${aSecond(commands)} commands in ${aSecond(reads)} reads a second at the server, ` +
      `${((100 * word.processorSeconds) / SECONDS).toFixed(1)} % of a processor, ${word.megabytes.toFixed(1)} MB`,
  );
  expect(word.held).toBe(COUNT);
  // Each is renewed at a third of its ttl, give or take those that went along with others.
  expect(renewals).toBeGreaterThan(COUNT * 2);
  expect(commands).toBeLessThan(renewals / 10);
  expect(reads).toBeLessThan(renewals / 10);
  expect(await child.ended).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
});
