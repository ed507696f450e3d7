// Grants that count only when a replica has them, over a network that loses what is said of them. No lock is granted that
// the replica has not heard of, by reading back neither.

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { type Lock, LockProvider } from "../../ts/lock";
import { RedisLockAdapter } from "../../ts/lock/adapters";
import { AmbiguousLockError, LockAdapterError } from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";
import { Network } from "../faults/network";
import { eventually, RedisServer } from "./redis-server";

/** While the primary waits for its replica, the test comes between. */
const waiting = { replicas: 1, replicasTimeout: 5_000, commandTimeout: 15_000 };

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let primary: RedisServer;
let replica: RedisServer;
let network: Network;
let keyPrefix: string;
let provider: LockProvider;

beforeAll(async () => {
  primary = await RedisServer.start(["--repl-diskless-sync-delay", "0", "--repl-timeout", "600"]);
  replica = await RedisServer.start(["--replicaof", "127.0.0.1", `${primary.port}`, "--repl-timeout", "600"]);
  await replicaHears();
});

afterAll(async () => {
  await replica?.remove();
  await primary?.remove();
});

beforeEach(async () => {
  network = await Network.to(primary.url, onTestFinished);
  keyPrefix = `${randomUUID()}:`;
  const adapter = new RedisLockAdapter({ url: network.url, keyPrefix, ...waiting });
  provider = new LockProvider({ adapter, defaultTtl: TimeSpan.fromMinutes(10) });
  onTestFinished(async () => {
    replica.resume();
    await adapter.close();
    await replicaHears();
  });
  // Connected, and the scripts are known.
  await provider.create("another key").acquireOrFail();
});

async function replicaHears(): Promise<void> {
  await eventually(async () => String(await primary.command("INFO", "replication")).includes("state=online"));
  await eventually(async () => (await primary.command("WAIT", 1, 100)) === 1);
}

async function isHeldAt(server: RedisServer): Promise<boolean> {
  const keys = (await server.command("KEYS", `${keyPrefix}*:key`)) as string[];
  return keys.length > 0;
}

/** Asks for a key that the primary grants, and loses what is said from then on, until something was lost. */
async function acquireInto(
  lock: Lock,
  loss: "replies are swallowed" | "requests are swallowed",
): Promise<{ outcome: Promise<unknown> }> {
  const outcome = lock.acquire().then(
    (answer) => answer,
    (error: unknown) => error,
  );
  // It waits for the replica.
  await eventually(async () => String(await primary.command("INFO", "clients")).includes("blocked_clients:1"));
  network.be(loss);
  await eventually(async () => network.swallowed > 0);
  return { outcome };
}

function heal(): void {
  network.be("open");
  network.cut();
}

test.each([
  ["whose taking back does not arrive", "requests are swallowed"],
  ["that nobody was told of", "replies are swallowed"],
] as const)("a grant %s is none, as long as the replica has not heard of it", async (_, loss) => {
  await replica.pause();
  const lock = provider.create("key");
  const { outcome } = await acquireInto(lock, loss);
  heal();
  expect(await outcome).toBeInstanceOf(LockAdapterError);
  expect(lock.fence).toBeNull();
  // It is given back all the same.
  await eventually(async () => !(await isHeldAt(primary)));
});

test("a grant that was not confirmed is none for the same lock either, when it is asked for again", async () => {
  await replica.pause();
  const lock = provider.create("key");
  const { outcome } = await acquireInto(lock, "requests are swallowed");
  heal();
  expect(await outcome).toBeInstanceOf(AmbiguousLockError);
  await expect(lock.acquire()).rejects.toThrow(LockAdapterError);
  replica.resume();
  await replicaHears();
  await eventually(() =>
    lock.acquire().then(
      (answer) => answer,
      () => false,
    ),
  );
  expect(await isHeldAt(replica)).toBe(true);
  expect(await lock.release()).toBe(true);
});

test("a grant whose answer is lost is one when the replica has heard of it", async () => {
  await replica.pause();
  const lock = provider.create("key");
  const { outcome } = await acquireInto(lock, "requests are swallowed");
  replica.resume();
  await replicaHears();
  heal();
  expect(await outcome).toBe(true);
  expect(await isHeldAt(replica)).toBe(true);
  expect(await lock.release()).toBe(true);
});
