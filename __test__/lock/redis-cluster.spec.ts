import { Cluster } from "ioredis";
import { Cluster as Cluster5 } from "ioredis-5";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { RedisLockAdapter } from "../../ts/lock/adapters";
import { ConfigurationLockError, ConnectionLockError } from "../../ts/lock/contracts";
import { lockAdapterTestSuite, lockProviderTestSuite } from "../../ts/lock/test-utilities";
import { TimeSpan } from "../../ts/utilities";
import { idOf, RedisCluster } from "./redis-cluster";

const minutes = TimeSpan.fromMinutes(10);

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await RedisCluster.start();
});

afterAll(async () => {
  await cluster.remove();
});

function adapter(): RedisLockAdapter {
  const made = new RedisLockAdapter({ url: cluster.url });
  onTestFinished(() => made.close());
  return made;
}

lockAdapterTestSuite({
  expect,
  test,
  describe,
  beforeEach,
  createAdapter: () => new RedisLockAdapter({ url: cluster.url }),
});

lockProviderTestSuite({
  expect,
  test,
  describe,
  beforeEach,
  createLockProvider: () => ({
    lockProvider: new LockProvider({ adapter: new RedisLockAdapter({ url: cluster.url }) }),
    otherLockProvider: new LockProvider({ adapter: new RedisLockAdapter({ url: cluster.url }) }),
  }),
});

describe("RedisLockAdapter over a cluster", () => {
  it.each([
    ["6", Cluster],
    ["5", Cluster5],
  ])("takes the nodes and the prefix of a client of ioredis %s", async (version, Client) => {
    const { port } = cluster.nodes[1];
    const client = new Client([{ host: "127.0.0.1", port }], { keyPrefix: `v${version}:`, lazyConnect: true });
    const asked = new RedisLockAdapter(client);
    onTestFinished(() => asked.close());
    const keys = Array.from({ length: 100 }, (_, number) => `client-${version}-${number}`);
    expect(await Promise.all(keys.map((key) => asked.acquire(key, "me", minutes)))).toEqual(keys.map(() => true));
    const node = await cluster.nodeOf(`v${version}:${keys[0]}`);
    expect(await node.command("GET", `v${version}:${keys[0]}`)).toBe("me");
    expect(client.status).toBe("wait");
  });

  it("asks every node for its own keys, those of a turn together", async () => {
    const asked = adapter();
    const keys = Array.from({ length: 500 }, (_, number) => `spread-${number}`);
    expect(await Promise.all(keys.map((key) => asked.acquire(key, "me", minutes)))).toEqual(keys.map(() => true));
    for (const node of cluster.nodes) {
      expect(await node.command("DBSIZE")).toBeGreaterThan(200);
    }
    const other = adapter();
    expect(await Promise.all(keys.map((key) => other.acquire(key, "they", minutes)))).toEqual(keys.map(() => false));
    expect(await Promise.all(keys.map((key) => asked.release(key, "me")))).toEqual(keys.map(() => true));
  });

  it.each(["}", "{}", "{}a}", "a}b{c}d}", "{tag}rest"])("keeps what belongs to the key %s in its slot", async (key) => {
    const asked = adapter();
    expect(await asked.acquire(key, "me", minutes)).toBe(true);
    expect(await asked.release(key, "me")).toBe(true);
    expect(await asked.acquire(key, "me", null)).toBe(true);
    expect(await asked.forceRelease(key)).toBe(true);
  });

  it("follows a slot from one node to another, and finds its locks there", async () => {
    const [asked, late] = [adapter(), adapter()];
    const key = "{moving}lock";
    await Promise.all([asked.init(), late.init()]);
    expect(await asked.acquire(key, "me", minutes)).toBe(true);
    expect(await late.acquire(key, "they", minutes)).toBe(false);
    const source = await cluster.nodeOf(key);
    const target = cluster.nodes.find((node) => node !== source) as (typeof cluster.nodes)[0];
    const slot = Number(await source.command("CLUSTER", "KEYSLOT", key));
    await target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", await idOf(source));
    await source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", await idOf(target));
    // The slot is at both: what is not here any more, is there.
    expect(await late.acquire(key, "they", minutes)).toBe(false);
    await source.command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", key, `${key}:fence`);
    expect(await late.acquire(key, "they", minutes)).toBe(false);
    for (const node of [target, source, ...cluster.nodes]) {
      await node.command("CLUSTER", "SETSLOT", slot, "NODE", await idOf(target));
    }
    expect(await late.acquire(key, "they", minutes)).toBe(false);
    expect(await asked.release(key, "me")).toBe(true);
    expect(await late.acquire(key, "they", minutes)).toBe(true);
    expect(await target.command("GET", key)).toBe("they");
  });

  it("tells of a slot that is half moved", async () => {
    const asked = adapter();
    const key = "{halved}lock";
    expect(await asked.acquire(key, "me", minutes)).toBe(true);
    const source = await cluster.nodeOf(key);
    const target = cluster.nodes.find((node) => node !== source) as (typeof cluster.nodes)[0];
    const slot = Number(await source.command("CLUSTER", "KEYSLOT", key));
    await target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", await idOf(source));
    await source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", await idOf(target));
    await source.command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", key);
    const error = await asked.release(key, "me").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionLockError);
    expect(String(error)).toContain("moving");
    await source.command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", `${key}:fence`);
    expect(await asked.release(key, "me")).toBe(true);
    for (const node of [target, source, ...cluster.nodes]) {
      await node.command("CLUSTER", "SETSLOT", slot, "NODE", await idOf(target));
    }
  });

  it("fails alone where a node is gone, and finds it again", async () => {
    const asked = adapter();
    const keys = Array.from({ length: 60 }, (_, number) => `gone-${number}`);
    await asked.init();
    const gone = cluster.nodes[2];
    const isThere = await Promise.all(keys.map(async (key) => (await cluster.nodeOf(key)) !== gone));
    await gone.pause();
    const outcomes = await Promise.allSettled(
      keys.filter((_, index) => isThere[index]).map((key) => asked.acquire(key, "me", minutes)),
    );
    expect(outcomes.map(({ status }) => status)).toContain("fulfilled");
    gone.resume();
    await cluster.whole();
    await expect
      .poll(
        () =>
          Promise.all(keys.map((key) => asked.forceRelease(key))).then(
            () => true,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(true);
    expect(await Promise.all(keys.map((key) => asked.acquire(key, "me", minutes)))).toEqual(keys.map(() => true));
  });

  it("is told apart from a server", async () => {
    const single = new RedisLockAdapter({ url: cluster.nodes[0].url });
    onTestFinished(() => single.close());
    const keys = Array.from({ length: 20 }, (_, number) => `single-${number}`);
    const outcomes = await Promise.allSettled(keys.map((key) => single.acquire(key, "me", minutes)));
    const failure = outcomes.find(({ status }) => status === "rejected") as PromiseRejectedResult;
    expect(failure.reason).toBeInstanceOf(ConfigurationLockError);
    expect(String(failure.reason)).toContain("cluster");
  });
});
