// The package neither keeps a process alive, nor ends it, nor spoils the way it ends.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { SqliteLockAdapter } from "../../ts/lock/adapters";
import { Child, QUIET_END } from "./child";
import { makeFolder } from "./folder";

const MEMORY = () => "memory:";
const FILE = () => `sqlite:${join(makeFolder(), "locks.db")}`;

/** How often a test does what goes wrong only by an unlucky moment. */
const TIMES = 30;
/** How many of them are under way at once. */
const AT_ONCE = 3;
/** Most of the time goes by while processes start, each of which takes a second on a busy machine. */
const TIMEOUT = 180_000;

describe.each([
  ["memory", MEMORY],
  ["an SQLite file", FILE],
])("a process with locks in %s", (_, url) => {
  test.each([
    "a lock that is released",
    "a lock that is held with a long ttl",
    "a lock that is held without an end",
    "listeners, and a promise of an event that never comes",
    "answers that nobody waits for",
  ])("ends by itself, silently, with %s", async (scenario) => {
    expect(await new Child("ending.mjs", [scenario, url()]).ended).toEqual(QUIET_END);
  });

  test.each([
    "an event bus that rejects",
    "an event bus that throws",
    "an event bus that cannot tell who listens",
    "listeners that throw and reject",
  ])("is not bothered by %s", async (scenario) => {
    expect(await new Child("ending.mjs", [scenario, url()]).ended).toEqual(QUIET_END);
  });

  test.each([
    ["a wait that is granted", "true"],
    ["a wait whose time is over", "false"],
  ])("is kept by %s, until it is answered", async (scenario, answer) => {
    expect(await new Child("ending.mjs", [scenario, url()]).ended).toEqual({ ...QUIET_END, stdout: `${answer}\n` });
  });
});

describe("a process with locks in SQLite", () => {
  test("ends by itself with a database in memory", async () => {
    const scenario = "a lock that is held without an end";
    expect(await new Child("ending.mjs", [scenario, "sqlite::memory:"]).ended).toEqual(QUIET_END);
  });

  test.each(["an adapter that is never closed", "an adapter that is closed"])(
    "ends by itself with %s",
    async (scenario) => {
      expect(await new Child("ending.mjs", [scenario, FILE()]).ended).toEqual(QUIET_END);
    },
  );

  test.each(["a lock that is held with a long ttl", "a lock that is held without an end"])(
    "leaves %s as it is",
    async (scenario) => {
      const url = FILE();
      await new Child("ending.mjs", [scenario, url]).ended;
      const adapter = new SqliteLockAdapter({ url });
      expect(await new LockProvider({ adapter }).create("key").isLocked()).toBe(true);
      await adapter.close();
    },
  );

  test("ends as process.exit says in the middle of calls, on a busy file and on new ones", {
    timeout: TIMEOUT,
  }, async () => {
    const busy = FILE();
    const hammers = [1, 2].map(() => new Child("hammer.mjs", [busy, "500"], { talks: true }));
    await Promise.all(hammers.map((hammer) => hammer.hear()));
    let next = 0;
    const strand = async () => {
      while (next < TIMES) {
        next += 1;
        const code = 40 + next;
        const url = next % 3 === 0 ? FILE() : busy;
        expect(await new Child("leaving.mjs", [url, String(code)]).ended).toEqual({ ...QUIET_END, code });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, strand));
    for (const hammer of hammers) {
      expect(await hammer.dismiss()).toEqual(QUIET_END);
    }
  });
});
