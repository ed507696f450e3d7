// A worker thread that is terminated takes nothing with it.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Child, QUIET_END } from "./child";
import { makeFolder } from "./folder";

/** How many threads are terminated: what goes wrong goes wrong only by an unlucky moment. */
const WORKERS = "30";
/** Most of the time goes by while threads start, each of which takes half a second on a busy machine. */
const TIMEOUT = 180_000;

describe.each([
  ["memory shared by all threads", () => "memory:shared"],
  ["an SQLite file", () => `sqlite:${join(makeFolder(), "locks.db")}`],
])("worker threads with locks in %s", (_, url) => {
  test("can be terminated in the middle of calls while the main thread's go on", { timeout: TIMEOUT }, async () => {
    expect(await new Child("terminating.mjs", [url(), WORKERS, "own calls"]).ended).toEqual(QUIET_END);
  });

  test("can be terminated while no other thread uses the package", { timeout: TIMEOUT }, async () => {
    expect(await new Child("terminating.mjs", [url(), WORKERS]).ended).toEqual(QUIET_END);
  });

  test("can be terminated while they wait, and nothing of them is left behind", { timeout: TIMEOUT }, async () => {
    expect(await new Child("abandoning.mjs", [url()]).ended).toEqual(QUIET_END);
  });
});
