// The time of a wait is over while the engine tries for it. Another try beside that one would be of the same owner, and
// after an outage a grant to the one could be taken for the other's, and undone.

import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { LOCK_STATE } from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";
import type { Leases } from "./leases";
import { MapLockAdapter } from "./map-lock-adapter";

const TIME = 1_000;
/** Not over before the engine tries. */
const PATIENCE = TimeSpan.fromSeconds(5);

/** Answers the acquire of one number only when it is told to. */
class SlowAdapter extends MapLockAdapter {
  acquires = 0;
  releases = 0;
  tell!: () => void;
  private readonly told = new Promise<void>((resolve) => {
    this.tell = resolve;
  });
  private begin!: () => void;
  readonly begun = new Promise<void>((resolve) => {
    this.begin = resolve;
  });

  constructor(
    leases: Leases,
    private readonly slow: number,
  ) {
    super(leases);
  }

  override async acquire(key: string, owner: string, ttl: TimeSpan | null): Promise<boolean> {
    this.acquires += 1;
    if (this.acquires === this.slow) {
      this.begin();
      await this.told;
    }
    return super.acquire(key, owner, ttl);
  }

  override release(key: string, owner: string): Promise<boolean> {
    this.releases += 1;
    return super.release(key, owner);
  }
}

describe("a lock whose wait is aborted while it is tried for", () => {
  test.each([
    ["acquire", "the first try", 2],
    ["acquire", "a try of the engine", 3],
    ["acquireBlocking", "the first try", 2],
    ["acquireBlocking", "a try of the engine", 3],
  ] as const)("tries again by %s when that is undone: %s", async (verb, _, slow) => {
    const leases: Leases = new Map();
    const adapter = new SlowAdapter(leases, slow);
    const provider = new LockProvider({ adapter });
    await provider.create("key").acquireOrFail();
    const lock = provider.create("key");
    const abort = new AbortController();
    const interval = TimeSpan.fromMilliseconds(10);
    const waiting = lock.acquireBlocking({ interval, signal: abort.signal }).then(
      () => "acquired",
      () => "aborted",
    );
    await adapter.begun;
    abort.abort();
    expect(await waiting).toBe("aborted");
    leases.clear();
    const again = lock[verb]().then((outcome) => outcome);
    // As often as it would be tried by now, were it not for the try that is under way.
    await setTimeout(TIME / 4);
    expect(adapter.acquires).toBe(slow);
    adapter.tell();
    expect(await again).toBe(true);
    expect(adapter.acquires).toBe(slow + 1);
    expect(adapter.releases).toBe(1);
    expect((await lock.getState()).type).toBe(LOCK_STATE.ACQUIRED);
  });
});

test.each([
  ["granted", true],
  ["refused", false],
])("a try that is under way when the time of a wait is over is the last one: it is %s", async (_, isFree) => {
  const leases: Leases = new Map();
  // That of the holder, that before the wait, and that of the engine.
  const adapter = new SlowAdapter(leases, 3);
  const provider = new LockProvider({ adapter });
  await provider.create("key").acquireOrFail();
  const lock = provider.create("key");
  // It begins when it is asked for its outcome.
  const waiting = lock
    .acquireBlocking({ time: PATIENCE, interval: TimeSpan.fromMilliseconds(10) })
    .then((outcome) => outcome);
  await adapter.begun;
  await setTimeout(PATIENCE.toMilliseconds() + TIME);
  if (isFree) {
    leases.clear();
  }
  adapter.tell();
  expect(await waiting).toBe(isFree);
  expect(adapter.acquires).toBe(3);
  expect(adapter.releases).toBe(0);
  expect((await lock.getState()).type).toBe(isFree ? LOCK_STATE.ACQUIRED : LOCK_STATE.UNAVAILABLE);
});
