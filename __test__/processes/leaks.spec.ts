// Acquiring and releasing leaves nothing behind; `npm run bench:leaks` does it a million times.

import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { RedisServer } from "../lock/redis-server";
import { Child, type Ending } from "./child";
import { makeFolder } from "./folder";

/** Most of it goes by while garbage is collected, which a busy machine does slowly. */
const TIMEOUT = 180_000;

function cycle(url: string, count: number, ...fault: string[]): Promise<Ending> {
  const script = join("..", "..", "benches", "leaks", "cycles.mjs");
  return new Child(script, [url, `${count}`, ...fault], { nodeOptions: ["--expose-gc"] }).ended;
}

async function startRedis(): Promise<string> {
  const server = await RedisServer.start();
  onTestFinished(() => server.remove());
  return server.url;
}

test.each([
  ["memory", 50_000, async (): Promise<string> => "memory:"],
  ["SQLite", 5_000, async (): Promise<string> => `sqlite:${join(makeFolder(), "locks.db")}`],
  ["Redis", 5_000, startRedis],
] as const)(
  "locks in %s leave nothing behind, be they acquired and released %i times",
  {
    timeout: TIMEOUT,
  },
  async (_, count, makeUrl) => {
    const { code, stdout, stderr } = await cycle(await makeUrl(), count);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/\nno leak\n$/);
    expect(code).toBe(0);
  },
);

test("a program that leaks is found out", { timeout: TIMEOUT }, async () => {
  const { code, stdout } = await cycle("memory:", 20_000, "leak");
  expect(stdout).toMatch(/\nleaking\n$/);
  expect(code).toBe(1);
});
