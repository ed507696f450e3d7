// Several processes want the same few locks in one SQLite file, and some are killed while they hold one.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { Child, QUIET_END } from "./child";
import { makeFolder } from "./folder";
import { examine, examineLeases, readLog, type Section } from "./history";

const DURATION = process.env.HOLDFAST_LONG === "1" ? 20_000 : 6_000;
const KEYS = ["orders", "invoices", "payments", "reports"];
const PROCESSES = 6;
const TASKS = 8;
/** When processes are killed, in parts of the duration. */
const KILLS = [0.2, 0.4, 0.6];
const TTL = 1_500;
/** Nobody stands in line, so a wait can be long by bad luck; it never is by an order of magnitude. */
const LONGEST_WAIT = 30_000;

interface Kill {
  readonly key: string;
  readonly pid: number;
  readonly diedAt: number;
}

test("sections never overlap, no update is lost, and killed holders keep nobody out for ever", {
  timeout: 180_000,
}, async () => {
  const folder = makeFolder();
  const epoch = process.hrtime.bigint();
  const now = () => Number(process.hrtime.bigint() - epoch) / 1e6;
  for (const key of KEYS) {
    writeFileSync(join(folder, `${key}.count`), "0".repeat(12));
  }
  const contenders: Child[] = [];
  const logOf = (index: number) => join(folder, `${index}.log`);
  const start = () => {
    const args = [folder, logOf(contenders.length), String(epoch), String(TTL), ...KEYS];
    const contender = new Child("contender.mjs", args, { talks: true });
    contenders.push(contender);
    return contender.hear();
  };
  await Promise.all(Array.from({ length: PROCESSES }, start));

  const begun = now();
  const kills: Kill[] = [];
  for (const [index, part] of KILLS.entries()) {
    await setTimeout(begun + part * DURATION - now());
    const victim = contenders[index] as Child;
    const key = KEYS[index] as string;
    victim.tell(key);
    expect(await victim.hear()).toBe(key);
    victim.kill();
    const { signal } = await victim.ended;
    expect(signal).toBe("SIGKILL");
    kills.push({ key, pid: victim.pid, diedAt: now() });
    await start();
  }
  await setTimeout(Math.max(begun + DURATION - now(), 2 * TTL));
  const survivors = contenders.slice(KILLS.length);
  for (const survivor of survivors) {
    survivor.tell("stop");
  }
  for (const survivor of survivors) {
    expect(await survivor.ended).toEqual(QUIET_END);
  }

  const logs = contenders.map(({ pid }, index) => readLog(pid, readFileSync(logOf(index), "utf8")));
  const sections = logs.flatMap((log) => log.sections);
  report(
    sections,
    logs.map((log) => log.sections.length),
  );
  const late = logs.flatMap((log) => log.late);
  expect(examineLeases([...sections, ...late], TTL)).toEqual([]);
  const diedAt = new Map(kills.map((kill) => [kill.pid, kill.diedAt]));
  let outlasted = 0;
  for (const key of KEYS) {
    const ofKey = sections.filter((section) => section.key === key);
    const counter = Number(readFileSync(join(folder, `${key}.count`), "utf8"));
    const verdict = examine(ofKey, counter, TTL, diedAt);
    expect(verdict.contradictions).toEqual([]);
    outlasted += verdict.outlasted;
    const completed = ofKey.filter(({ left }) => left !== undefined).length;
    if (verdict.outlasted === 0) {
      expect(counter).toBeGreaterThanOrEqual(completed);
      expect(counter).toBeLessThanOrEqual(ofKey.length);
    }
  }
  if (outlasted + late.length > 0) {
    console.log(`holders kept from running for longer than their lease: ${outlasted} inside, ${late.length} before`);
  }

  for (const { key, pid, diedAt } of kills) {
    // Not always the last: if the kill is late, another task of the process may have been in after the lease was over.
    expect(
      sections.some((section) => section.key === key && section.pid === pid && section.left === undefined),
      `${key} was held when process ${pid} was killed`,
    ).toBe(true);
    expect(
      sections.some((section) => section.key === key && section.entered > diedAt),
      `${key} was entered again after process ${pid} was killed`,
    ).toBe(true);
  }
  for (const log of logs.slice(KILLS.length)) {
    // Also those that were granted a lock, only to run when its lease was over.
    expect(new Set([...log.sections, ...log.late].map(({ task }) => task)).size).toBe(TASKS);
  }
  expect(longestWait(sections)).toBeLessThan(LONGEST_WAIT);
});

function longestWait(sections: readonly Section[]): number {
  return Math.max(...sections.map(({ asked, entered }) => entered - asked));
}

function report(sections: readonly Section[], numbers: readonly number[]): void {
  console.log(
    `longest wait ${Math.round(longestWait(sections))} ms, sections ${sections.length}, ` +
      `per process ${Math.min(...numbers)}..${Math.max(...numbers)}`,
  );
}
