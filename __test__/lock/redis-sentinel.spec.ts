import { Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis-5";
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { LockProvider } from "../../ts/lock";
import { RedisLockAdapter, type RedisLockAdapterSettings } from "../../ts/lock/adapters";
import { ConfigurationLockError, ConnectionLockError, LockAdapterError } from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";
import { connected, done, eventually } from "./redis-server";
import { tells, WatchedRedis } from "./redis-watched";

// A sentinel that was held up by a busy machine does nothing for half a minute.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const minutes = TimeSpan.fromMinutes(10);

interface SentinelOptions {
  readonly sentinels: { host: string; port: number }[];
  readonly name: string;
  readonly keyPrefix: string;
  readonly lazyConnect: boolean;
}

let redis: WatchedRedis;

beforeAll(async () => {
  redis = await WatchedRedis.start();
});

afterAll(async () => {
  await redis.remove();
});

function adapter(settings: Partial<RedisLockAdapterSettings> = {}): RedisLockAdapter {
  const made = new RedisLockAdapter({ url: redis.url, ...settings });
  onTestFinished(() => made.close());
  return made;
}

/** Until there is an answer; all before it are typed errors. */
async function answered<Answer>(ask: () => PromiseLike<Answer>): Promise<Answer> {
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
])("takes the sentinels of a client of ioredis %s", async (version, connect) => {
  const sentinels = [{ host: "127.0.0.1", port: redis.sentinel.port }];
  const client = connect({ sentinels, name: "main", keyPrefix: `v${version}:`, lazyConnect: true });
  const asked = new RedisLockAdapter(client);
  onTestFinished(() => asked.close());
  await connected(asked);
  expect(await asked.acquire("k", "me", minutes)).toBe(true);
  expect(await redis.primary.command("GET", `v${version}:k`)).toBe("me");
  expect(client.status).toBe("wait");
});

it("tells of a name that the sentinels do not know", async () => {
  const asked = adapter({ url: redis.url.replace("main", "other") });
  await expect(asked.acquire("k", "me", minutes)).rejects.toThrow(ConfigurationLockError);
});

it("grants nothing that no replica has heard of, if it was asked to wait for one", async () => {
  const asked = adapter({ replicas: 1, replicasTimeout: 5_000, commandTimeout: 15_000 });
  await connected(asked);
  expect(await asked.acquire("heard", "me", minutes)).toBe(true);
  await redis.separate();
  const error = await asked.acquire("unheard", "me", minutes).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConnectionLockError);
  expect(String(error)).toContain("0 of 1 replicas");
  expect(await redis.primary.command("EXISTS", "unheard")).toBe(0);
  redis.replica.resume();
  await tells(redis.primary, "replication", "state=online");
});

it("loses a lock that no replica had heard of when the master died, and goes on with higher fences", async () => {
  const asked = adapter();
  await connected(asked);
  const locks = new LockProvider({ adapter: asked, defaultTtl: minutes });
  const known = locks.create("known");
  await known.acquireOrFail();
  await eventually(async () => ((await redis.replica.command("KEYS", "*known")) as string[]).length > 0);
  await redis.separate();
  const lost = locks.create("lost");
  await lost.acquireOrFail();
  await redis.bereave();
  redis.replica.resume();
  const next = locks.create("lost");
  expect(await answered(() => next.acquire())).toBe(true);
  expect(Number(next.fence)).toBeGreaterThan(Number(lost.fence));
  expect(await answered(() => locks.create("known").acquire())).toBe(false);
});

it("follows the master, whose place another has taken in good order, with all locks", async () => {
  const { primary, replica, sentinel, url } = await ownRedis();
  const asked = adapter({ url });
  await connected(asked);
  const locks = new LockProvider({ adapter: asked, defaultTtl: minutes });
  const lock = locks.create("k");
  await lock.acquireOrFail();
  await eventually(async () => ((await replica.command("KEYS", "*k")) as string[]).length > 0);
  // Not before it has heard from the replica how it is.
  await done(() => sentinel.command("SENTINEL", "FAILOVER", "main"));
  await tells(replica, "replication", "role:master");
  // The former master is told to follow, and grants nothing any more.
  await tells(primary, "replication", "role:slave");
  expect(await answered(() => locks.create("k").acquire())).toBe(false);
  expect(await answered(() => locks.create("new").acquire())).toBe(true);
  expect(await replica.command("KEYS", "*new")).toHaveLength(1);
  expect(await answered(() => lock.release())).toBe(true);
});

async function ownRedis(): Promise<WatchedRedis> {
  const own = await WatchedRedis.start();
  onTestFinished(() => own.remove());
  return own;
}
