import { randomUUID } from "node:crypto";
import Redis from "ioredis";
import { Redis as Redis5 } from "ioredis-5";
import { afterAll, beforeEach, describe, expect, it, onTestFinished, test, vi } from "vitest";
import { LockProvider } from "../../ts/lock";
import { RedisLockAdapter } from "../../ts/lock/adapters";
import { ConfigurationLockError, ConnectionLockError, LOCK_REFRESH_RESULT } from "../../ts/lock/contracts";
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

  it("lets a stranger's refresh change nothing", async () => {
    const database = client();
    const adapter = new RedisLockAdapter(database);
    await adapter.acquire("k", "me", TimeSpan.fromMinutes(1));
    expect(await adapter.refresh("k", "they", TimeSpan.fromHours(1))).toBe(LOCK_REFRESH_RESULT.UNOWNED_REFRESH);
    expect(await adapter.refresh("k", "they", TimeSpan.fromMilliseconds(1))).toBe(LOCK_REFRESH_RESULT.UNOWNED_REFRESH);
    const left = await database.pttl("k");
    expect(left).toBeGreaterThan(30_000);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  it.each([10_000, -10_000])("does not heed a clock of this process that is %s ms off", async (off) => {
    const database = client();
    const adapter = new RedisLockAdapter(database);
    const now = Date.now();
    vi.setSystemTime(now + off);
    onTestFinished(() => {
      vi.useRealTimers();
    });
    expect(await adapter.acquire("k", "me", TimeSpan.fromSeconds(5))).toBe(true);
    expect(await adapter.acquire("k", "they", TimeSpan.fromSeconds(5))).toBe(false);
    expect(await database.pttl("k")).toBeLessThanOrEqual(5_000);
    await adapter.refresh("k", "me", TimeSpan.fromMinutes(1));
    const left = await database.pttl("k");
    expect(left).toBeGreaterThan(30_000);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  describe("beside a process of the package whose layout it shares", () => {
    /** What such a process tells the server: a plain key with the owner as its value, and no fence. */
    class Neighbour {
      constructor(private readonly database: Redis) {}

      async acquire(key: string, owner: string, ttl: number | null): Promise<boolean> {
        const granted =
          ttl === null
            ? await this.database.set(key, owner, "NX")
            : await this.database.set(key, owner, "PX", ttl, "NX");
        return granted === "OK";
      }

      async release(key: string, owner: string): Promise<boolean> {
        const ifOwned = `if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end return 0`;
        return (await this.database.eval(ifOwned, 1, key, owner)) === 1;
      }

      async refresh(key: string, owner: string, ttl: number): Promise<boolean> {
        const ifOwned = `if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("pexpire", KEYS[1], ARGV[2]) end return 0`;
        return (await this.database.eval(ifOwned, 1, key, owner, ttl)) === 1;
      }
    }

    it.each([null, 60_000])("each keeps the other out of a lock with a ttl of %s", async (ttl) => {
      const database = client();
      const [neighbour, adapter] = [new Neighbour(database), new RedisLockAdapter(database)];
      const span = ttl === null ? null : TimeSpan.fromMilliseconds(ttl);
      expect(await neighbour.acquire("theirs", "they", ttl)).toBe(true);
      expect(await adapter.acquire("theirs", "me", span)).toBe(false);
      expect(await adapter.release("theirs", "me")).toBe(false);
      expect(await adapter.getState("theirs")).toMatchObject({ owner: "they" });
      expect(await neighbour.release("theirs", "they")).toBe(true);
      expect(await adapter.acquire("theirs", "me", span)).toBe(true);
      expect(await neighbour.acquire("theirs", "they", ttl)).toBe(false);
      expect(await neighbour.release("theirs", "they")).toBe(false);
      expect(await neighbour.refresh("theirs", "they", 1)).toBe(false);
      expect(await adapter.release("theirs", "me")).toBe(true);
      expect(await neighbour.acquire("theirs", "they", ttl)).toBe(true);
    });

    it("a provider shares keys with theirs under the same namespace", async () => {
      const database = client();
      const lock = new LockProvider({ adapter: new RedisLockAdapter(database) }).create(["a", "b"]);
      expect(await lock.acquire()).toBe(true);
      expect(await new Neighbour(database).acquire("@/lock:_rt:a/b", "they", 60_000)).toBe(false);
    });
  });

  it.each([
    ["6", (options: object) => new Redis(url, options)],
    ["5", (options: object) => new Redis5(url, options)],
  ])("takes the user, the password and the database of a client of ioredis %s", async (version, connect) => {
    const admin = client("");
    const name = `holdfast-${randomUUID()}`;
    await admin.call("ACL", "SETUSER", name, "on", ">p@ss:word", "~*", "&*", "+@all");
    const database = connect({
      username: name,
      password: "p@ss:word",
      db: 5,
      keyPrefix: `${name}:`,
      lazyConnect: true,
    });
    const adapter = new RedisLockAdapter(database);
    expect(await adapter.acquire(`v${version}`, "me", TimeSpan.fromMinutes(1))).toBe(true);
    expect(String(await admin.call("CLIENT", "LIST"))).toMatch(new RegExp(`db=5 .*user=${name}`));
    await adapter.release(`v${version}`, "me");
    await adapter.close();
    await admin.call("ACL", "DELUSER", name);
  });

  it("takes what it is told itself before the options of a client", async () => {
    const database = client();
    const keyPrefix = `holdfast-${randomUUID()}:`;
    const adapter = new RedisLockAdapter({ database, keyPrefix, commandTimeout: 30_000 });
    expect(await adapter.acquire("k", "me", TimeSpan.fromMinutes(1))).toBe(true);
    expect(await database.get("k")).toBeNull();
    expect(await client(keyPrefix).get("k")).toBe("me");
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
