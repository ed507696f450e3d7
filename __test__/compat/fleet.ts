import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { type Child, QUIET_END } from "../processes/child";

/** What a member of a fleet says at its end. */
interface Report {
  sections: number;
  met: string[];
}

/** How long a fleet runs, and how many of its members are killed meanwhile. `HOLDFAST_LONG=1` makes it half a minute. */
export const FLEET = process.env.HOLDFAST_LONG ? { duration: 30_000, kills: 10 } : { duration: 6_000, kills: 3 };
/** Members start slowly on a busy machine, and what a killed one holds stays held for a while. */
export const FLEET_TIMEOUT = FLEET.duration + 300_000;

/**
 * Runs two processes of each kind on the same lock, kills some, and starts others in their place. Fails if two were in
 * the section at once, or one that was not killed never got in.
 */
export async function runFleet(kinds: readonly string[], start: (kind: string) => Child): Promise<void> {
  const members = await Promise.all([...kinds, ...kinds].map((kind) => join(kind, start)));
  for (let kill = 0; kill < FLEET.kills; kill += 1) {
    await sleep(FLEET.duration / (FLEET.kills + 1));
    const place = kill % members.length;
    const victim = members[place];
    if (victim !== undefined) {
      victim.child.kill();
      expect(await victim.child.ended).toMatchObject({ signal: "SIGKILL", stdout: "", stderr: "" });
      members[place] = await join(victim.kind, start);
    }
  }
  await sleep(FLEET.duration / (FLEET.kills + 1));

  const reports = await Promise.all(members.map(({ child }) => stop(child)));
  expect(reports.flatMap(({ met }) => met)).toEqual([]);
  expect(Math.min(...reports.map(({ sections }) => sections))).toBeGreaterThan(0);
  const sums = kinds.map((kind) => [kind, sum(reports.filter((_, index) => members[index]?.kind === kind))]);
  console.log("sections of those that were not killed:", Object.fromEntries(sums));
}

async function join(kind: string, start: (kind: string) => Child) {
  const child = start(kind);
  expect(await child.hear()).toBe("ready");
  return { kind, child };
}

async function stop(child: Child): Promise<Report> {
  child.tell("stop");
  const report = (await child.hear()) as Report;
  expect(await child.ended).toEqual(QUIET_END);
  return report;
}

function sum(reports: Report[]): number {
  return reports.reduce((total, { sections }) => total + sections, 0);
}
