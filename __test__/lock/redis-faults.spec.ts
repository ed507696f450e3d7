import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { LockProvider } from "../../ts/lock";
import { RedisLockAdapter } from "../../ts/lock/adapters";
import {
  AmbiguousLockError,
  ConfigurationLockError,
  ConnectionLockError,
  DatabaseLockError,
  LockAdapterError,
} from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";
import { connected, eventually, RedisServer } from "./redis-server";

const minutes = TimeSpan.fromMinutes(10);

let server: RedisServer;

beforeAll(async () => {
  server = await RedisServer.start(["--enable-debug-command", "yes"]);
});

afterAll(async () => {
  await server.remove();
});

beforeEach(async () => {
  await server.command("FLUSHALL");
});

function adapter(settings: { commandTimeout?: number; url?: string } = {}): RedisLockAdapter {
  const made = new RedisLockAdapter({ url: server.url, ...settings });
  onTestFinished(() => made.close());
  return made;
}

async function failureOf(asked: Promise<unknown>): Promise<unknown> {
  return asked.then(
    (answer) => expect.fail(`it was answered ${answer}`),
    (error: unknown) => error,
  );
}

describe("connections that are cut during load", () => {
  it("let every call end with an answer or a typed error, and leave no lock that nobody owns", async () => {
    const locks = new LockProvider({ adapter: adapter(), defaultTtl: minutes });
    let isOver = false;
    const cutting = (async () => {
      while (!isOver) {
        await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").catch(() => undefined);
        await setTimeout(10);
      }
    })();
    const counts = { cycles: 0, errors: 0 };
    /** Those of which an answer was lost, and with it who has them. */
    const doubtful = new Set<string>();
    const workers = Array.from({ length: 32 }, async (_, worker) => {
      for (let turn = 0; turn < 60; turn += 1) {
        const key = `${worker}/${turn}`;
        const lock = locks.create(key);
        try {
          expect(await lock.acquire()).toBe(true);
          expect(await lock.release()).toBe(true);
          counts.cycles += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(LockAdapterError);
          counts.errors += 1;
          if (error instanceof AmbiguousLockError) {
            doubtful.add(key);
          } else {
            // Certainly not done, so what was acquired can still be released.
            await eventually(() =>
              lock
                .release()
                .then(() => true)
                .catch(() => false),
            );
          }
        }
      }
    });
    await Promise.all(workers);
    isOver = true;
    await cutting;
    expect(counts.cycles).toBeGreaterThan(0);
    for (const key of (await server.command("KEYS", "*")) as string[]) {
      if (!key.endsWith(":fence")) {
        expect([...doubtful].some((name) => key.endsWith(`:${name}`))).toBe(true);
        // Held until its ttl is over at the latest.
        expect(await server.command("PTTL", key)).toBeGreaterThan(0);
      }
    }
  });
});

describe("a server that is silent", () => {
  it("is a typed error in time, never held, and serves again when it speaks", async () => {
    const asked = adapter({ commandTimeout: 1_000 });
    await connected(asked);
    expect(await asked.acquire("before", "me", minutes)).toBe(true);
    await server.pause();
    const begun = performance.now();
    const failures = await Promise.all([
      failureOf(asked.acquire("k", "me", minutes)),
      failureOf(asked.getState("before")),
      failureOf(asked.release("before", "me")),
    ]);
    // Sent, and no answer: nobody knows.
    expect(failures[0]).toBeInstanceOf(AmbiguousLockError);
    expect(failures[1]).toBeInstanceOf(ConnectionLockError);
    expect(failures[2]).toBeInstanceOf(AmbiguousLockError);
    // The connection was given up, and no other is to be had: certainly not done.
    expect(await failureOf(asked.acquire("k", "me", minutes))).toBeInstanceOf(ConnectionLockError);
    expect(performance.now() - begun).toBeGreaterThan(500);
    server.resume();
    await eventually(() => asked.acquire("after", "me", minutes).catch(() => false));
    expect(await asked.getState("after")).toMatchObject({ owner: "me" });
  });
});

describe("a server that ends", () => {
  it("is a typed error at once, and serves again with the next call when it is back", async () => {
    const asked = adapter();
    expect(await asked.acquire("k", "me", minutes)).toBe(true);
    await server.kill();
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await failureOf(asked.acquire("k", "me", minutes))).toBeInstanceOf(LockAdapterError);
    }
    expect(await failureOf(asked.acquire("k", "me", minutes))).toBeInstanceOf(ConnectionLockError);
    await server.start();
    // It had kept nothing on disk, not the scripts either.
    expect(await asked.acquire("k", "me", minutes)).toBe(true);
  });

  it("goes on with higher fences when it has lost everything", async () => {
    const locks = new LockProvider({ adapter: adapter() });
    const before = locks.create("k");
    await before.acquireOrFail();
    await server.kill();
    await server.start();
    const after = locks.create("k");
    await after.acquireOrFail();
    expect(Number(after.fence)).toBeGreaterThan(Number(before.fence));
  });
});

describe("what a server refuses", () => {
  async function configured(name: string, value: string, meanwhile: () => Promise<void>): Promise<void> {
    const [, before] = (await server.command("CONFIG", "GET", name)) as [string, string];
    await server.command("CONFIG", "SET", name, value);
    try {
      await meanwhile();
    } finally {
      await server.command("CONFIG", "SET", name, before);
    }
  }

  it("tells of a lack of memory, and leaves nothing half done", async () => {
    const asked = adapter();
    await asked.init();
    await configured("maxmemory", "1", async () => {
      const error = await failureOf(asked.acquire("k", "me", minutes));
      expect(error).toBeInstanceOf(DatabaseLockError);
      expect(String(error)).toContain("maxmemory");
    });
    expect(await server.command("DBSIZE")).toBe(0);
  });

  it("tells of a lack of replicas", async () => {
    await configured("min-replicas-to-write", "1", async () => {
      const error = await failureOf(adapter().acquire("k", "me", minutes));
      expect(error).toBeInstanceOf(ConnectionLockError);
      expect(String(error)).toContain("min-replicas-to-write");
    });
  });

  it("tells of a replica, and grants again when it has become a master", async () => {
    const asked = adapter();
    expect(await asked.acquire("k", "me", minutes)).toBe(true);
    await server.command("REPLICAOF", "127.0.0.1", 1);
    try {
      const error = await failureOf(asked.acquire("other", "me", minutes));
      expect(error).toBeInstanceOf(ConnectionLockError);
      expect(String(error)).toContain("replica");
    } finally {
      await server.command("REPLICAOF", "NO", "ONE");
    }
    expect(await asked.release("k", "me")).toBe(true);
  });

  it("tells of a server that is still loading", async () => {
    await server.command("DEBUG", "POPULATE", 10_000, "filling", 10);
    await server.command("SAVE");
    await server.kill();
    await server.start(["--key-load-delay", "4000", "--loading-process-events-interval-bytes", "1024"]);
    const error = await failureOf(adapter().acquire("k", "me", minutes));
    expect(error).toBeInstanceOf(ConnectionLockError);
    expect(String(error)).toContain("loading");
    await server.kill();
    await server.start(["--dbfilename", "none"]);
  });

  it("tells of a missing and of a wrong password", async () => {
    await configured("requirepass", "right", async () => {
      const missing = await failureOf(adapter().acquire("k", "me", minutes));
      expect(missing).toBeInstanceOf(ConfigurationLockError);
      expect(String(missing)).toContain("password");
      const wrong = await failureOf(
        adapter({ url: server.url.replace("//", "//:wrong@") }).acquire("k", "me", minutes),
      );
      expect(wrong).toBeInstanceOf(ConfigurationLockError);
      expect(String(wrong)).not.toContain("wrong@");
      const right = adapter({ url: server.url.replace("//", "//:right@") });
      expect(await right.acquire("k", "me", minutes)).toBe(true);
    });
  });

  it("tells of a user without rights", async () => {
    const name = `user-${randomUUID()}`;
    await server.command("ACL", "SETUSER", name, "on", ">secret", "~theirs:*", "&*", "+@all");
    const asked = adapter({ url: server.url.replace("//", `//${name}:secret@`) });
    const error = await failureOf(asked.acquire("k", "me", minutes));
    expect(error).toBeInstanceOf(ConfigurationLockError);
  });
});
