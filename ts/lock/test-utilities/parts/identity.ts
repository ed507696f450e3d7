import { TimeSpan, TO_MILLISECONDS } from "../../../utilities";
import type { KeyAlreadyAcquiredLockError } from "../../contracts";
import type { Bench } from "../bench";
import { KEY_STATES, LONG_TTL } from "../key-state";
import { failureOf } from "../patience";

/** What makes a lock: key, owner and ttl, in each form they can be given in. */
export function testIdentity(bench: Bench): void {
  bench.describe("create", () => {
    testKey(bench);
    testOwner(bench);
    testTtl(bench);
  });
}

function testKey({ expect, test, set, subject, log }: Bench): void {
  const forms: readonly [string, (key: string) => Iterable<string>][] = [
    ["an array", (key) => ["resource", key]],
    ["an array with empty segments", (key) => ["", "resource", "", key, ""]],
    ["a set", (key) => new Set(["resource", key])],
    ["a generator", (key) => segments("resource", key)],
  ];
  for (const [kind, form] of forms) {
    test(`joins ${kind} to a key`, async () => {
      const { key } = await set();
      const { lockProvider, otherLockProvider } = subject();
      const lock = lockProvider.create(form(key), { owner: "asker" });
      expect(lock.key).toBe(`resource/${key}`);
      expect(await lock.acquire()).toBe(true);
      expect(await otherLockProvider.create(["resource", key]).acquire()).toBe(false);
    });
  }

  test("takes other generators for other keys", async () => {
    const { key } = await set();
    const { lockProvider } = subject();
    expect(await lockProvider.create(segments(key, "first")).acquire()).toBe(true);
    expect(await lockProvider.create(segments(key, "second")).acquire()).toBe(true);
  });

  test("tells of a joined key without its namespace, in events and errors", async () => {
    const { key } = await set();
    const { lockProvider } = subject();
    const lock = lockProvider.create(["resource", key], { owner: ["user", "1"], ttl: null });
    const events = await log();
    await lock.acquire();
    const error = (await failureOf(lock.acquireOrFail())) as KeyAlreadyAcquiredLockError;
    await lock.forceRelease();
    const told = { key: `resource/${key}`, owner: "user/1" };
    expect(events).toEqual([
      { name: "ACQUIRED", event: { ...told, ttl: null } },
      { name: "UNAVAILABLE", event: told },
      { name: "FORCE_RELEASED", event: { key: told.key } },
    ]);
    expect({ key: error.key, owner: error.owner }).toEqual(told);
  });
}

function testOwner({ expect, test, set, subject }: Bench): void {
  test("gives each lock an owner of its own", async () => {
    const { key } = await set();
    const { lockProvider } = subject();
    const [first, second] = [lockProvider.create(key), lockProvider.create(key)];
    expect(typeof (await first.getOwner())).toBe("string");
    expect((await first.getOwner()) === (await second.getOwner())).toBe(false);
    expect(await first.acquire()).toBe(true);
    expect(await second.acquire()).toBe(false);
    expect(await second.release()).toBe(false);
    expect(await first.release()).toBe(true);
  });

  const owners: readonly [string, string | Iterable<string>, string][] = [
    ["a string", "owner", "owner"],
    ["an array", ["user", "1"], "user/1"],
    ["an array with empty segments", ["", "user", "", "1"], "user/1"],
  ];
  for (const [kind, owner, expected] of owners) {
    test(`takes ${kind} for an owner`, async () => {
      const { key } = await set();
      const lock = subject().lockProvider.create(key, { owner });
      expect(await lock.getOwner()).toBe(expected);
      expect(lock.id).toBe(expected);
      await lock.acquire();
      expect(await subject().otherLockProvider.create(key, { owner: expected }).release()).toBe(true);
    });
  }

  test("takes a generator for an owner", async () => {
    const { key } = await set();
    expect(subject().lockProvider.create(key, { owner: segments("user", "1") }).id).toBe("user/1");
  });

  test("answers the lock's own owner, whoever holds the key", async () => {
    const { lock } = await set(KEY_STATES.others);
    expect(await lock.getOwner()).toBe("asker");
  });
}

function testTtl({ expect, test, set, subject }: Bench): void {
  test("remembers the ttl", async () => {
    const { key } = await set();
    const lock = subject().lockProvider.create(key, { ttl: LONG_TTL });
    expect(lock.ttl?.equals(LONG_TTL)).toBe(true);
  });

  test("takes null for a lease without an end", async () => {
    const { key } = await set();
    const lock = subject().lockProvider.create(key, { ttl: null });
    expect(lock.ttl).toBe(null);
    await lock.acquire();
    expect(await lock.isLocked()).toBe(true);
    expect(await lock.getRemainingTime()).toBe(null);
  });

  test("takes any time span for a ttl", async () => {
    const { key } = await set();
    const ttl = { [TO_MILLISECONDS]: () => LONG_TTL.toMilliseconds() };
    expect(subject().lockProvider.create(key, { ttl }).ttl?.equals(LONG_TTL)).toBe(true);
  });

  test("takes a ttl longer than a timer can wait", async () => {
    const { key } = await set();
    const ttl = TimeSpan.fromDays(36_500);
    const lock = subject().lockProvider.create(key, { ttl });
    await lock.acquire();
    expect((await lock.getRemainingTime())?.gt(TimeSpan.fromDays(36_499))).toBe(true);
    expect(await subject().otherLockProvider.create(key).acquire()).toBe(false);
  });
}

function* segments(...texts: string[]): Generator<string> {
  yield* texts;
}
