// Deleting expired leases in the background neither keeps a process alive nor ends it.

import { join } from "node:path";
import { expect, test } from "vitest";
import { Child, QUIET_END } from "./child";
import { makeFolder } from "./folder";

test.each(["open", "closed"])("a process that sweeps a database that is %s ends as if it did not", async (state) => {
  const child = new Child("sweeping.mjs", [join(makeFolder(), "locks.db"), state]);
  expect(await child.ended).toEqual(QUIET_END);
});
