// Twenty ask for one key at once, from four processes, through each client an application may have.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kinds } from "../lock/sql-handles.mjs";
import { makeDatabase, type ThrowawayDatabase } from "../lock/throwaway-database";
import { Child, QUIET_END } from "./child";

const PROCESSES = 4;
const RACERS = 5;
const ROUNDS = 100;

describe.each(Object.entries(kinds))("%s", (kind, { dialect }) => {
  let database: ThrowawayDatabase;

  beforeAll(async () => {
    database = await makeDatabase(dialect);
  });

  afterAll(() => database.drop());

  test("one of twenty is granted a key, and the others are refused it", { timeout: 300_000 }, async () => {
    const racers = Array.from(
      { length: PROCESSES },
      () => new Child("client-racer.mjs", [kind, database.url, String(RACERS)], { talks: true }),
    );
    const order = async (...message: readonly string[]) => {
      for (const racer of racers) {
        racer.tell(message);
      }
      return (await Promise.all(racers.map((racer) => racer.hear()))).flat();
    };
    await Promise.all(racers.map((racer) => racer.hear()));
    for (let round = 1; round <= ROUNDS; round++) {
      // Half of the rounds are about a key that was never there before.
      const key = round % 2 === 0 ? "key" : `key ${round}`;
      const outcomes = await order("race", key);
      const expected = ["true", ...Array.from({ length: PROCESSES * RACERS - 1 }, () => "false")];
      expect(outcomes.sort().reverse(), `in round ${round}`).toEqual(expected);
      expect(await order("giveBack", key)).toEqual([true]);
    }
    for (const racer of racers) {
      expect(await racer.dismiss()).toEqual(QUIET_END);
    }
  });
});
