import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis-5";
import { afterEach, beforeEach, expect, it, onTestFinished } from "vitest";
import { LockProvider } from "../../ts/lock";
import { RedisLockAdapter } from "../../ts/lock/adapters";
import { ConfigurationLockError, ConnectionLockError, LockAdapterError } from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";
import { eventually, RedisServer } from "./redis-server";

const minutes = TimeSpan.fromMinutes(10);

interface SentinelOptions {
  readonly sentinels: { host: string; port: number }[];
  readonly name: string;
  readonly keyPrefix: string;
  readonly lazyConnect: boolean;
}

let primary: RedisServer;
let replica: RedisServer;
let sentinel: RedisServer;

beforeEach(async () => {
  primary = await RedisServer.start();
  replica = await RedisServer.start(["--replicaof", "127.0.0.1", `${primary.port}`, "--repl-diskless-sync-delay", "0"]);
  await eventually(async () => String(await replica.command("INFO", "replication")).includes("master_link_status:up"));
  const folder = mkdtempSync(join(tmpdir(), "holdfast-sentinel-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "sentinel.conf");
  const lines = [
    `monitor main 127.0.0.1 ${primary.port} 1`,
    "down-after-milliseconds main 500",
    "failover-timeout main 5000",
  ];
  writeFileSync(file, lines.map((line) => `sentinel ${line}\n`).join(""));
  sentinel = await RedisServer.startWithFile(file, ["--sentinel"]);
  await eventually(async () => String(await sentinel.command("INFO", "sentinel")).includes("slaves=1"));
});

afterEach(async () => {
  await Promise.all([sentinel, replica, primary].map((server) => server.remove()));
});

function adapter(settings: { replicas?: number } = {}): RedisLockAdapter {
  const made = new RedisLockAdapter({ url: `redis+sentinel://127.0.0.1:${sentinel.port}/main`, ...settings });
  onTestFinished(() => made.close());
  return made;
}

/** Until there is an answer; all before it are typed errors. */
async function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      expect(error).toBeInstanceOf(LockAdapterError);
    }
  }
}

it.each<[string, (options: SentinelOptions) => Redis | Redis5]>([
  ["6", (options) => new Redis(options)],
  ["5", (options) => new Redis5(options)],
])("takes the sentinels of a client of ioredis %s", async (_, connect) => {
  const sentinels = [{ host: "127.0.0.1", port: sentinel.port }];
  const client = connect({ sentinels, name: "main", keyPrefix: "app:", lazyConnect: true });
  const asked = new RedisLockAdapter(client);
  onTestFinished(() => asked.close());
  expect(await asked.acquire("k", "me", minutes)).toBe(true);
  expect(await primary.command("GET", "app:k")).toBe("me");
  expect(client.status).toBe("wait");
});

it("tells of a name that the sentinels do not know", async () => {
  const asked = new RedisLockAdapter({ url: `redis+sentinel://127.0.0.1:${sentinel.port}/other` });
  await expect(asked.acquire("k", "me", minutes)).rejects.toThrow(ConfigurationLockError);
});

it("follows the master, whose place another has taken in good order, with all locks", async () => {
  const asked = adapter();
  const lock = new LockProvider({ adapter: asked }).create("k", { ttl: minutes });
  await lock.acquireOrFail();
  // Not before it has heard from the replica how it is.
  await eventually(() => sentinel.command("SENTINEL", "FAILOVER", "main").then(...fulfilled));
  await eventually(async () => String(await replica.command("INFO", "replication")).includes("role:master"));
  // The former master is told to follow, and grants nothing any more.
  await eventually(async () => String(await primary.command("INFO", "replication")).includes("role:slave"));
  expect(await answered(() => asked.acquire("k", "they", minutes))).toBe(false);
  expect(await answered(() => asked.acquire("new", "me", minutes))).toBe(true);
  expect(await replica.command("GET", "new")).toBe("me");
  expect(await answered(async () => lock.release())).toBe(true);
});

it("loses a lock that no replica had heard of when the master died, and goes on with higher fences", async () => {
  const locks = new LockProvider({ adapter: adapter(), defaultTtl: minutes });
  const known = locks.create("known");
  await known.acquireOrFail();
  await eventually(async () => (await replica.command("EXISTS", String(await keyOf("known")))) === 1);
  // From here on the replica hears nothing.
  replica.pause();
  await primary.command("CLIENT", "KILL", "TYPE", "replica");
  const lost = locks.create("lost");
  await lost.acquireOrFail();
  await primary.kill();
  replica.resume();
  const next = locks.create("lost");
  expect(await answered(async () => next.acquire())).toBe(true);
  expect(Number(next.fence)).toBeGreaterThan(Number(lost.fence));
  expect(await answered(async () => locks.create("known").acquire())).toBe(false);
});

it("grants nothing that no replica has heard of, if it was asked to wait for one", async () => {
  const asked = adapter({ replicas: 1 });
  expect(await asked.acquire("k", "me", minutes)).toBe(true);
  replica.pause();
  await primary.command("CLIENT", "KILL", "TYPE", "replica");
  const error = await asked.acquire("other", "me", minutes).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConnectionLockError);
  expect(String(error)).toContain("0 of 1 replicas");
  expect(await primary.command("EXISTS", "other")).toBe(0);
  replica.resume();
});

const fulfilled = [() => true, () => false] as const;

async function keyOf(name: string): Promise<unknown> {
  const keys = (await primary.command("KEYS", `*${name}`)) as string[];
  return keys[0];
}
