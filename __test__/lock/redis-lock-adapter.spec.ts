import { randomUUID } from "node:crypto";
import Redis from "ioredis";
import { afterAll, beforeEach, describe, expect, it, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { RedisLockAdapter } from "../../ts/lock/adapters";
import { ConfigurationLockError, ConnectionLockError } from "../../ts/lock/contracts";
import { lockAdapterTestSuite, lockProviderTestSuite } from "../../ts/lock/test-utilities";
import { TimeSpan } from "../../ts/utilities";

const url = process.env.REDIS_URL ?? missing();

function missing(): never {
  throw new Error("REDIS_URL names no Redis server; npm test provides one, or set it");
}

const clients: Redis[] = [];

function client(keyPrefix = `holdfast-${randomUUID()}:`): Redis {
  const made = new Redis(url, { keyPrefix });
  clients.push(made);
  return made;
}

afterAll(() => {
  for (const made of clients) {
    made.disconnect();
  }
});

const keyPrefix = `holdfast-${randomUUID()}:`;

lockAdapterTestSuite({
  expect,
  test,
  describe,
  beforeEach,
  createAdapter: () => new RedisLockAdapter({ url, keyPrefix }),
});

lockProviderTestSuite({
  expect,
  test,
  describe,
  beforeEach,
  createLockProvider: () => ({
    lockProvider: new LockProvider({ adapter: new RedisLockAdapter({ url, keyPrefix }) }),
    otherLockProvider: new LockProvider({ adapter: new RedisLockAdapter({ url, keyPrefix }) }),
  }),
});

describe("RedisLockAdapter", () => {
  it("takes the address and the prefix of an ioredis client, given alone or as a database", async () => {
    const database = client();
    const [alone, named] = [new RedisLockAdapter(database), new RedisLockAdapter({ database })];
    expect(await alone.acquire("k", "me", null)).toBe(true);
    expect(await named.acquire("k", "they", null)).toBe(false);
    expect(await database.get("k")).toBe("me");
  });

  it("keeps a lock as the plain key with the owner as its value, so that programs that know no fences are excluded", async () => {
    const database = client();
    const adapter = new RedisLockAdapter(database);
    await database.set("theirs", "stranger", "PX", 60_000, "NX");
    expect(await adapter.acquire("theirs", "me", null)).toBe(false);
    await adapter.acquire("mine", "me", TimeSpan.fromMinutes(1));
    expect(await database.set("mine", "stranger", "PX", 60_000, "NX")).toBeNull();
    expect(await database.pttl("mine")).toBeGreaterThan(30_000);
  });

  it("leaves a lock without an end as it is when another asks for it or refreshes it", async () => {
    const database = client();
    const adapter = new RedisLockAdapter(database);
    await adapter.acquire("k", "me", null);
    await adapter.acquire("k", "they", TimeSpan.fromMilliseconds(5));
    await adapter.refresh("k", "they", TimeSpan.fromMilliseconds(5));
    await adapter.refresh("k", "me", TimeSpan.fromMilliseconds(5));
    expect(await database.pttl("k")).toBe(-1);
  });

  it.each([0, 0.4, 1.5])("grants a ttl of %s ms", async (milliseconds) => {
    const adapter = new RedisLockAdapter(client());
    expect(await adapter.acquire("k", "me", TimeSpan.fromMilliseconds(milliseconds))).toBe(true);
  });

  it("reports a server that is not there, in bounded time, and never as held", async () => {
    const adapter = new RedisLockAdapter({ url: "redis://127.0.0.1:1" });
    await expect(adapter.acquire("k", "me", null)).rejects.toThrow(ConnectionLockError);
  });

  it.each([
    ["a URL of something else", { url: "http://localhost" }],
    ["no URL", { url: 7 }],
    ["no client", {}],
    ["nothing", undefined],
    ["a URL of another kind of Redis", { url: "redis+other://localhost" }],
    ["a port that is none", { options: { port: 70_000 } }],
    ["a host that is none", { options: { host: 7 } }],
    ["a database that is none", { options: { db: 0.5 } }],
    ["a client of no sentinels", { options: { sentinels: [], name: "main" } }],
    ["a client of sentinels without a name", { options: { sentinels: [{ host: "localhost" }] } }],
    ["a client of a cluster without nodes", { isCluster: true, options: {}, startupNodes: [] }],
    ["addresses behind a function", { options: { sentinels: [{}], name: "main", natMap: () => null } }],
    ["a commandTimeout of nothing", { url, commandTimeout: 0 }],
    ["a commandTimeout that is no number", { url, commandTimeout: "5" }],
    ["a connectTimeout of more than an hour", { url, connectTimeout: 3_600_001 }],
    ["a connectTimeout that is not a number", { url, connectTimeout: Number.NaN }],
    ["no replicas at all", { url, replicas: 0 }],
    ["half a replica", { url, replicas: 0.5 }],
    ["replicas with more time than the verb", { url, replicas: 1, replicasTimeout: 5_000 }],
  ])("refuses %s", (_, settings) => {
    expect(() => new RedisLockAdapter(settings as never)).toThrow(ConfigurationLockError);
  });
});
