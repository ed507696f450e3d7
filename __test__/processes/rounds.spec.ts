// Four processes want one key at the same time, each five times, for a hundred rounds: one gets it, nineteen are told
// so, and nobody meets an error. The processes begin at the same time too, on a table that is not there.

import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { Child } from "./child";
import { racingAdapters } from "./racing-adapters.mjs";

const PROCESSES = 4;
const RACERS = 20;
const ROUNDS = 100;

test.each(Object.keys(racingAdapters))(
  "of twenty that race over %s one wins and nobody fails",
  {
    timeout: 300_000,
  },
  async (name) => {
    const tableName = `lock_${randomUUID().replaceAll("-", "")}`;
    const children = Array.from(
      { length: PROCESSES },
      () => new Child("racer.mjs", [name, tableName], { talks: true }),
    );
    const ask = async (order: string) => {
      for (const child of children) {
        child.tell(order);
      }
      return await Promise.all(children.map((child) => child.hear()));
    };
    expect(await Promise.all(children.map((child) => child.hear()))).toEqual(children.map(() => "ready"));

    let last = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const outcomes = (await ask("acquire")).flat();
      const [fence, ...more] = outcomes.filter((outcome) => typeof outcome === "number");
      expect({ round, more, fence }).toEqual({ round, more: [], fence: expect.any(Number) });
      expect(outcomes.filter((outcome) => outcome === false)).toHaveLength(RACERS - 1);
      expect(fence).toBeGreaterThan(last);
      last = fence as number;
      const released = (await ask("release")) as number[];
      expect(released.reduce((sum, one) => sum + one)).toBe(1);
    }

    const adapter = racingAdapters[name]?.(tableName);
    await adapter?.deInit();
    await adapter?.close();
    await Promise.all(children.map((child) => child.dismiss()));
  },
);
