// The clock of the database is the only one that counts: processes an hour ahead and an hour behind agree on who holds
// what, and for how long.

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Child } from "./child";
import { makeFolder } from "./folder";
import { racingAdapters } from "./racing-adapters.mjs";

// By name only: what tortures is no part of what is type-checked with the tests.
const { Clock, compileClock } = await import(`${new URL("../../torture/clock.mjs", import.meta.url)}`);

const HOUR = 3_600_000;
const LONG = 600_000;

/** Those with connections of their own, and some over clients of an application. */
const NAMES = [...Object.keys(racingAdapters), "pg", "Kysely over pg", "Sequelize over mysql2", "Kysely over mysql2"];

/** A command that runs another with its clock of the day off by so many milliseconds. */
function throughClock(folder: string, preload: string, shift: number): string[] {
  const clock = new Clock(preload, join(folder, `clock.${shift}`));
  onTestFinished(() => clock.close());
  clock.set(shift);
  return ["env", ...Object.entries(clock.environment).map(([name, value]) => `${name}=${value}`)];
}

test.each(NAMES)(
  "clocks of clients that are off change nothing over %s",
  {
    timeout: 120_000,
  },
  async (name) => {
    const tableName = `lock_${randomUUID().replaceAll("-", "")}`;
    const folder = makeFolder();
    const { preload, reason } = compileClock(folder);
    expect(reason).toBeUndefined();
    const children = [HOUR, -HOUR].map(
      (shift) =>
        new Child("clocked.mjs", [name, tableName], { talks: true, through: throughClock(folder, preload, shift) }),
    );
    const [ahead, behind] = children as [Child, Child];
    const ask = (child: Child, verb: string, rest: object = {}) => {
      child.tell({ verb, key: "k", owner: child === ahead ? "ahead" : "behind", ...rest });
      return child.hear();
    };
    const now = (await Promise.all(children.map((child) => child.hear()))) as number[];
    expect(Math.abs((now[0] ?? 0) - HOUR - Date.now())).toBeLessThan(60_000);
    expect(Math.abs((now[1] ?? 0) + HOUR - Date.now())).toBeLessThan(60_000);

    for (const [holder, other] of [
      [ahead, behind],
      [behind, ahead],
    ] as const) {
      expect(await ask(holder, "acquire", { ttl: LONG })).toBe(true);
      expect(await ask(other, "acquire", { ttl: LONG })).toBe(false);
      for (const child of children) {
        await ask(child, "removeAllExpired");
        const remaining = (await ask(child, "remaining")) as number;
        expect(Math.abs(remaining - LONG)).toBeLessThan(60_000);
      }
      expect(await ask(other, "refresh", { ttl: LONG })).not.toBe(await ask(holder, "refresh", { ttl: LONG }));
      expect(await ask(other, "release")).toBe(false);
      expect(await ask(holder, "refresh", { ttl: 1 })).not.toBeUndefined();
      await expect.poll(() => ask(other, "acquire", { ttl: LONG }), { timeout: 30_000 }).toBe(true);
      expect(await ask(holder, "release")).toBe(false);
      expect(await ask(other, "release")).toBe(true);
    }

    const adapter = racingAdapters[name.includes("mysql") ? "mysql" : "postgres"]?.(tableName);
    await adapter?.deInit();
    await adapter?.close();
    await Promise.all(children.map((child) => child.dismiss()));
  },
);
