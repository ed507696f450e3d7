// Processes that are killed while they write to an SQLite file leave one that is fit for use.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { SqliteLockAdapter } from "../../ts/lock/adapters";
import { TimeSpan } from "../../ts/utilities";
import { Child, QUIET_END } from "./child";
import { makeFolder } from "./folder";

const TTL = 500;
const KEYS = ["key 0", "key 1", "key 2", "key 3"];
/** A hammer has been through many transactions by then. */
const LONGEST_LIFE = 30;
/** Most of the time goes by while processes start, each of which takes a second on a busy machine. */
const TIMEOUT = 180_000;

test("a process killed while it hammers harms neither the file nor the others that use it", {
  timeout: TIMEOUT,
}, async () => {
  const url = `sqlite:${join(makeFolder(), "locks.db")}`;
  const adapter = new SqliteLockAdapter({ url });
  const provider = new LockProvider({ adapter });
  await provider.create("held throughout", { ttl: null }).acquireOrFail();
  const witness = hammer(url);
  await witness.hear();

  for (let time = 0; time < 20; time += 1) {
    const victim = hammer(url);
    await victim.hear();
    await setTimeout(Math.random() * LONGEST_LIFE);
    victim.kill();
    expect(await victim.ended).toEqual({ ...QUIET_END, code: null, signal: "SIGKILL" });
  }

  expect(await witness.dismiss()).toEqual(QUIET_END);
  await expectFree(provider);
  expect(await provider.create("held throughout").isLocked()).toBe(true);
  await adapter.close();
  const reopened = new SqliteLockAdapter({ url });
  await expectFree(new LockProvider({ adapter: reopened }));
  expect(await new LockProvider({ adapter: reopened }).create("held throughout").isLocked()).toBe(true);
  await reopened.close();
});

test("a process killed while it makes the file leaves one that others can use", { timeout: TIMEOUT }, async () => {
  for (let time = 0; time < 10; time += 1) {
    const file = join(makeFolder(), "locks.db");
    const victim = hammer(`sqlite:${file}`);
    while (!existsSync(file)) {
      await nextTurn();
    }
    await setTimeout(time % 5);
    victim.kill();
    expect(await victim.ended).toEqual({ ...QUIET_END, code: null, signal: "SIGKILL" });
    const adapter = new SqliteLockAdapter({ url: `sqlite:${file}` });
    await expectFree(new LockProvider({ adapter }));
    await adapter.close();
  }
});

function hammer(url: string): Child {
  return new Child("hammer.mjs", [url, String(TTL)], { talks: true });
}

/** What killed processes held is free again when their leases are over. */
async function expectFree(provider: LockProvider): Promise<void> {
  const settings = { time: TimeSpan.fromSeconds(20), interval: TimeSpan.fromMilliseconds(20) };
  for (const key of KEYS) {
    const lock = provider.create(key);
    expect(await lock.acquireBlocking(settings), key).toBe(true);
    await lock.releaseOrFail();
  }
}
