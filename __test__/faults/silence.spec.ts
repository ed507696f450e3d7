// A server that cannot be reached any more, and does not say so: a network that swallows everything, a process that is
// stopped. The holder knows before its lease can have lapsed by the clock of the server.

import { randomUUID } from "node:crypto";
import { describe, type TestContext, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { LOCK_EVENTS, type LockLoss } from "../../ts/lock/contracts";
import { Namespace, TimeSpan } from "../../ts/utilities";
import { startServer } from "../processes/own-server.mjs";
import { NETWORKED } from "./databases";
import { eventually } from "./eventually";
import { Network } from "./network";

const TTL = 20_000;
/** What is kept clear of the end of a lease: its holder counts it as lost this much before it is over. */
const MARGIN = 1_000;
const patience = { timeout: 240_000 };

interface Scene {
  readonly expect: TestContext["expect"];
  /** Of the process that holds, and of one that is not cut off, or not for as long as it looks. */
  readonly url: string;
  readonly otherUrl: string;
  readonly fallSilent: () => Promise<void> | void;
  readonly speak: () => Promise<void> | void;
}

/** Falls silent twice: it speaks again before the lease is over, and then it does not. */
async function holdThrough({ expect, url, otherUrl, fallSilent, speak }: Scene): Promise<void> {
  const namespace = new Namespace(randomUUID());
  const provider = new LockProvider({ adapter: url, namespace });
  const other = new LockProvider({ adapter: otherUrl, namespace });
  // Not answered for as long again, a renewal makes the lock suspect eleven seconds before the loss: the server has those
  // to speak again, and a silence has seconds to come between two renewals.
  const keepAlive = { every: TimeSpan.fromSeconds(4) };
  const lock = provider.create("key", { ttl: TimeSpan.fromMilliseconds(TTL), keepAlive });
  const losses: { reason: LockLoss; at: number }[] = [];
  const pulse = new Pulse();
  await provider.addListener(LOCK_EVENTS.LOST, ({ reason }) => {
    losses.push({ reason, at: pulse.last });
  });
  const witness = other.create("key");
  await lock.acquireOrFail();
  const { fence, signal } = lock;

  await fallSilent();
  await eventually(() => lock.state === "suspect");
  expect(signal?.aborted).toBe(false);
  await speak();
  await eventually(() => lock.state === "held");
  expect(await witness.acquire()).toBe(false);

  let lapsesAfter = 0;
  // The next is seconds away then.
  const lookAfterRenewal = async () => {
    const asked = performance.now();
    const remaining = (await witness.getRemainingTime())?.toMilliseconds() ?? 0;
    lapsesAfter = asked + remaining;
    return remaining > TTL - MARGIN / 2;
  };
  await eventually(lookAfterRenewal);
  await fallSilent();
  // One that was sent after the look moves the loss, but not what was seen. If the silence took so long to come that the
  // loss could be moved beyond it, that is done over.
  while (performance.now() + TTL - MARGIN > lapsesAfter) {
    await speak();
    await eventually(() => lock.state === "held");
    await eventually(lookAfterRenewal);
    await fallSilent();
  }
  await eventually(() => lock.state === "suspect");
  await eventually(() => lock.state === "lost");
  pulse.stop();
  const [loss, ...more] = losses;
  expect(loss?.reason).toBe("connection");
  expect(more).toEqual([]);
  expect(signal?.aborted).toBe(true);
  console.log(`lost ${(lapsesAfter - (loss?.at ?? Number.NaN)).toFixed(0)} ms before the lease can have lapsed`);
  expect(loss?.at).toBeLessThan(lapsesAfter);
  await speak();
  // Nothing is prolonged any more, and nobody else's lock is freed by whoever has lost it.
  await witness.acquireBlockingOrFail({ time: TimeSpan.fromMinutes(2) });
  expect(witness.fence).toBeGreaterThan(fence as bigint);
  expect(await lock.release()).toBe(false);
  expect(await witness.isLocked()).toBe(true);
  await witness.release();
  await Promise.all([provider.close(), other.close()]);
}

/** Of the event loop: a loss is heard when the loop runs, and one that stood still proves nothing about when it was told. */
class Pulse {
  /** The last but one: after a standstill, one beat may come before what waited for the loop. */
  last = performance.now();
  private latest = this.last;
  private readonly timer = setInterval(() => {
    this.last = this.latest;
    this.latest = performance.now();
  }, 10).unref();

  stop(): void {
    clearInterval(this.timer);
  }
}

describe.concurrent("a network that swallows everything", patience, () => {
  test.for(NETWORKED)("is noticed by a holder over $name in time", async (database, { expect, onTestFinished }) => {
    const network = await Network.to(database.url(onTestFinished), onTestFinished);
    await holdThrough({
      expect,
      url: network.url,
      otherUrl: database.url(onTestFinished),
      fallSilent: () => network.be("silent"),
      speak: () => network.be("open"),
    });
  });
});

describe.concurrent("a server that is stopped", patience, () => {
  test.for(["redis", "postgres", "mariadb", "mongodb"] as const)(
    "is noticed by a holder over %s in time",
    async (name, { expect, onTestFinished }) => {
      const server = await startServer(name);
      onTestFinished(() => server.stop());
      await holdThrough({
        expect,
        url: server.url,
        otherUrl: server.url,
        fallSilent: () => server.freeze(),
        speak: () => server.thaw(),
      });
    },
  );
});
