// Locks on their way through serdes, within a process and between processes.

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { Lock, LockProvider, type LockProviderSettings } from "../../ts/lock";
import { MemoryLockAdapter, NoOpLockAdapter, SqliteLockAdapter } from "../../ts/lock/adapters";
import { type ILock, LOCK_EVENTS, LOCK_STATE } from "../../ts/lock/contracts";
import { Serde } from "../../ts/serde";
import { SuperJsonSerdeAdapter } from "../../ts/serde/adapters";
import { SerializationSerdeError } from "../../ts/serde/contracts";
import { InvalidInputError, Namespace, TimeSpan } from "../../ts/utilities";
import { Child } from "../processes/child";
import { makeFolder } from "../processes/folder";
import { MapLockAdapter } from "./map-lock-adapter";

const ttl = TimeSpan.fromHours(1);

/** The two sides of a wire, each with providers of its own over one database. */
interface Sides {
  readonly here: LockProvider;
  readonly there: LockProvider;
  readonly send: <T>(value: T) => T;
}

let name: string;

beforeEach(() => {
  name = randomUUID();
});

function sides(settings: LockProviderSettings = {}): Sides {
  const [serdeHere, serdeThere] = [new Serde(new SuperJsonSerdeAdapter()), new Serde(new SuperJsonSerdeAdapter())];
  return {
    here: new LockProvider({ adapter: new MemoryLockAdapter({ name }), ...settings, serde: serdeHere }),
    there: new LockProvider({ adapter: new MemoryLockAdapter({ name }), ...settings, serde: serdeThere }),
    send: (value) => serdeThere.deserialize(serdeHere.serialize(value)),
  };
}

describe("a lock that was sent", () => {
  test("is a lock, the same to every question", async () => {
    const { here, send } = sides();
    const lock = here.create("key", { owner: "owner", ttl });
    await lock.acquire();
    const sent = send(lock);
    expect(sent).toBeInstanceOf(Lock);
    expect(sent).not.toBe(lock);
    expect(sent.key).toBe("key");
    expect(sent.id).toBe("owner");
    expect(await sent.getOwner()).toBe("owner");
    expect(sent.ttl).toEqual(ttl);
    expect(sent.fence).toBe(lock.fence);
    expect(await sent.getState()).toMatchObject({ type: LOCK_STATE.ACQUIRED });
    expect((await sent.getRemainingTime())?.gt(ttl.divide(2))).toBe(true);
  });

  test("is released on the other side, for both", async () => {
    const { here, send } = sides();
    const lock = here.create("key", { ttl });
    await lock.acquire();
    const sent = send(lock);
    expect(await sent.refresh()).toBe(true);
    expect(await sent.release()).toBe(true);
    expect(sent.fence).toBeNull();
    expect(await lock.isLocked()).toBe(false);
    expect(await lock.release()).toBe(false);
  });

  test("tells of its events on the other side", async () => {
    const { here, there, send } = sides();
    const heard: unknown[] = [];
    await there.addListener(LOCK_EVENTS.RELEASED, (event) => heard.push(event));
    const lock = here.create(["a", "key"], { owner: "owner" });
    await lock.acquire();
    await send(lock).release();
    expect(heard).toEqual([{ key: "a/key", owner: "owner" }]);
  });

  test("before it was acquired is held on neither side", async () => {
    const { here, send } = sides();
    const lock = here.create("key", { ttl: null });
    const sent = send(lock);
    expect(sent.fence).toBeNull();
    expect(sent.ttl).toBeNull();
    expect(await sent.isLocked()).toBe(false);
    expect(await lock.isLocked()).toBe(false);
    expect(await sent.release()).toBe(false);
    expect(await here.create("key").acquire()).toBe(true);
  });

  test("after it was released carries no fence", async () => {
    const { here, send } = sides();
    const lock = here.create("key");
    await lock.acquire();
    await lock.release();
    expect(send(lock).fence).toBeNull();
  });

  test("can be acquired there, and sent back", async () => {
    const { here, there, send } = sides();
    const sent = send(here.create("key", { owner: "owner" }));
    expect(await sent.acquire()).toBe(true);
    expect(await here.create("key", { owner: "owner" }).release()).toBe(true);
    expect(await there.create("key").acquire()).toBe(true);
  });

  const keys: readonly [string, () => Iterable<string> | string, string][] = [
    ["a text", () => "a/b", "a/b"],
    ["segments", () => ["a", "b"], "a|b"],
    ["segments, some of them empty", () => ["", "a", "", "b"], "a|b"],
    ["a set", () => new Set(["a", "b"]), "a|b"],
    ["a generator", () => segments("a", "b"), "a|b"],
    ["segments with delimiters in them", () => ["a/b", "c|d"], "a/b|c|d"],
    ["a text that JSON has to escape", () => '"\\\n\u2028🔒', '"\\\n\u2028🔒'],
  ];
  test.each(keys)("keeps a key of %s, whatever joins the segments", async (_, key, stored) => {
    const { here, send } = sides({ namespace: new Namespace("n", { keyDelimiter: "|" }) });
    const lock = here.create(key(), { ttl });
    await lock.acquire();
    const sent = send(lock);
    expect(sent.key).toBe(lock.key);
    expect(await new MemoryLockAdapter({ name }).getState(`n:_rt:${stored}`)).toMatchObject({ owner: lock.id });
    expect(await sent.release()).toBe(true);
  });

  test("of a joined owner keeps it", () => {
    const { here, send } = sides();
    expect(send(here.create("key", { owner: ["user", "1"] })).id).toBe("user/1");
  });

  test.each([0, 0.5, 1, 2 ** 31, 36_525 * 24 * 60 * 60 * 1000])("of a ttl of %d milliseconds keeps it", (ms) => {
    const { here, send } = sides();
    expect(send(here.create("key", { ttl: TimeSpan.fromMilliseconds(ms) })).ttl?.toMilliseconds()).toBe(ms);
  });

  test("may be in something else, several times", async () => {
    const { here, send } = sides();
    const lock = here.create("key", { owner: "owner" });
    await lock.acquire();
    const sent = send({ job: { locks: [lock, lock], byName: new Map([["lock", lock]]), at: new Date(0) } });
    const everyLock = [...sent.job.locks, sent.job.byName.get("lock") as ILock];
    expect(everyLock.map((found) => [found.key, found.id, found.fence])).toEqual(
      everyLock.map(() => ["key", "owner", lock.fence]),
    );
    expect(sent.job.at).toEqual(new Date(0));
    expect(await everyLock[2]?.release()).toBe(true);
  });

  test("through one of several serdes comes back from each", async () => {
    const serdes = [new Serde(new SuperJsonSerdeAdapter()), new Serde(new SuperJsonSerdeAdapter())];
    const lock = new LockProvider({ serde: serdes }).create("key", { owner: "owner" });
    await lock.acquire();
    for (const serde of serdes) {
      const sent = serde.deserialize<ILock>(serde.serialize(lock));
      expect(await sent.isLocked()).toBe(true);
    }
  });

  test.each([
    ["an adapter of the application", () => new MapLockAdapter(new Map())],
    ["an adapter that keeps nothing", () => new NoOpLockAdapter()],
  ])("over %s comes back", async (_, createAdapter) => {
    const adapter = createAdapter();
    const { here, send } = sides({ adapter });
    const lock = here.create("key", { ttl });
    await lock.acquire();
    const sent = send(lock);
    expect(sent.fence).toBe(lock.fence);
    expect(await sent.release()).toBe(true);
  });
});

describe("providers in one serde", () => {
  let serde: Serde<string>;

  beforeEach(() => {
    serde = new Serde(new SuperJsonSerdeAdapter());
  });

  function provider(settings: LockProviderSettings = {}): LockProvider {
    return new LockProvider({ adapter: new MemoryLockAdapter(), serde, ...settings });
  }

  /** That a lock comes back as one of the provider that made it. */
  async function comesBack(to: LockProvider): Promise<boolean> {
    const lock = to.create("key");
    await lock.acquire();
    return serde.deserialize<ILock>(serde.serialize(lock)).release();
  }

  test.each([
    ["namespaces", { namespace: new Namespace("a") }, { namespace: new Namespace("b") }],
    ["names", { serdeTransformerName: "a" }, { serdeTransformerName: "b" }],
    ["adapters of other classes", { adapter: new MemoryLockAdapter() }, { adapter: new NoOpLockAdapter() }],
  ] as const)("do not mix if they have their own %s", async (_, first, second) => {
    const providers = [provider(first), provider(second)];
    for (const each of providers) {
      expect(await comesBack(each)).toBe(true);
    }
    for (const each of providers) {
      expect(await each.create("key").isLocked()).toBe(false);
    }
  });

  test.each([
    ["namespace", {}, {}],
    ["name", { serdeTransformerName: "a" }, { serdeTransformerName: "a", namespace: new Namespace("b") }],
    ["class of adapter, one by its URL,", {}, { adapter: "memory:" }],
  ])("of the same %s are refused", async (_, first, second) => {
    const kept = provider(first);
    expect(() => provider(second)).toThrow(InvalidInputError);
    expect(() => provider(second)).toThrow(/serdeTransformerName/);
    expect(await comesBack(kept)).toBe(true);
  });

  test("over one adapter are one to it", async () => {
    const adapter = new MemoryLockAdapter();
    const [first, second] = [provider({ adapter }), provider({ adapter })];
    expect(await comesBack(first)).toBe(true);
    expect(await comesBack(second)).toBe(true);
  });

  test("are refused in the serde that has one already, wherever it stands among several", () => {
    provider();
    const fresh = new Serde(new SuperJsonSerdeAdapter());
    expect(() => provider({ serde: [fresh, serde] })).toThrow(InvalidInputError);
    expect(() => provider({ serde: fresh })).not.toThrow();
  });

  test("that were not given to it have locks that cannot be sent", () => {
    const stranger = new LockProvider({ namespace: new Namespace("stranger") });
    provider();
    expect(() => serde.serialize(stranger.create("key"))).toThrow(SerializationSerdeError);
    expect(() => serde.serialize({ deep: [stranger.create("key")] })).toThrow(SerializationSerdeError);
  });
});

describe("between processes", () => {
  test("a lock that one acquired is released by another that began when the first was gone", async () => {
    const folder = makeFolder();
    const [url, file] = [`sqlite:${join(folder, "locks.db")}`, join(folder, "lock.json")];
    const giver = await new Child("../lock/workers/hand-over.mjs", ["give", url, file]).ended;
    expect(giver).toMatchObject({ code: 0, stderr: "" });
    const taker = await new Child("../lock/workers/hand-over.mjs", ["take", url, file]).ended;
    expect(taker).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(taker.stdout)).toEqual({
      key: "report/1",
      owner: "giver",
      ttl: "1h",
      fence: giver.stdout.trim(),
      isRefused: true,
      type: LOCK_STATE.ACQUIRED,
      isReleased: true,
    });
  });

  test("a lock that is sent as plain JSON in a message is released there", async () => {
    const url = `sqlite:${join(makeFolder(), "locks.db")}`;
    const serde = new Serde(new SuperJsonSerdeAdapter());
    const adapter = new SqliteLockAdapter({ url });
    const lock = new LockProvider({ adapter, serde }).create("key", { ttl });
    await lock.acquire();
    const child = new Child("../lock/workers/released-elsewhere.mjs", [url], { talks: true });
    child.tell(serde.serialize(lock));
    expect(await child.hear()).toEqual([true, true, false]);
    expect(await lock.isLocked()).toBe(false);
    expect(await lock.release()).toBe(false);
    expect(await child.dismiss()).toMatchObject({ code: 0, stderr: "" });
    await adapter.close();
  });
});

function* segments(...texts: string[]): Generator<string> {
  yield* texts;
}
