// Processes that hold a lock without an end and are told to end: the lock is free afterwards.

import { join } from "node:path";
import { expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { Child } from "./child";
import { makeFolder } from "./folder";

test("a function that finishes in time is let finish, and the process ends by the signal it was sent", async () => {
  const url = `sqlite:${join(makeFolder(), "locks.db")}`;
  const child = new Child("closing.mjs", [url, "finishes"], { talks: true });
  expect(await child.hear()).toBe("holding");
  process.kill(child.pid, "SIGTERM");
  child.tell("finished");
  expect(await child.ended).toEqual({ code: null, signal: "SIGTERM", stdout: "finished\n", stderr: "" });
  expect(await new LockProvider({ adapter: url }).create("key").acquire()).toBe(true);
});

test("a function that does not finish is told of its loss, and its lock is released", async () => {
  const url = `sqlite:${join(makeFolder(), "locks.db")}`;
  const child = new Child("closing.mjs", [url, "never ends"], { talks: true });
  expect(await child.hear()).toBe("holding");
  process.kill(child.pid, "SIGINT");
  expect(await child.ended).toEqual({ code: null, signal: "SIGINT", stdout: "closed\n", stderr: "" });
  expect(await new LockProvider({ adapter: url }).create("key").acquire()).toBe(true);
});
