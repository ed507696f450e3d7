import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { MongoClient } from "mongodb";
import mongoose from "mongoose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Child, QUIET_END } from "../processes/child";
import { databaseUrl } from "./mongodb";

const require = createRequire(import.meta.url);
const DLocks: typeof import("holdfast/mongo-distributed-locks") = require("holdfast/mongo-distributed-locks");
/** The Mongoose that the replaced package brings, and most of its users have. */
const oldMongoose = createRequire(require.resolve("mongo-distributed-locks"))("mongoose");
const url = databaseUrl("drop_in");
const NOT_FOUND = "DLocks error. Lock not found";
const FAILED = "DLocks error. The error can be related to DLocks itself or to the locked function";

const client = new MongoClient(url, { monitorCommands: true });
const locks = client.db().collection("locks");
const logged = vi.fn();

beforeAll(async () => {
  await client.connect();
  await mongoose.connect(url);
  await oldMongoose.connect(url, { useNewUrlParser: true, useUnifiedTopology: true });
  DLocks.registerLoggerErrorFn(logged);
});

beforeEach(() => logged.mockClear());
afterEach(() => locks.deleteMany());

afterAll(async () => {
  await client.db().dropDatabase();
  await Promise.all([mongoose.disconnect(), oldMongoose.disconnect(), client.close()]);
});

describe.each([
  ["the default connection of Mongoose", () => {}],
  ["a connection of Mongoose", () => DLocks.configure({ connection: mongoose.connection })],
  ["a connection of Mongoose 5", () => DLocks.configure({ connection: oldMongoose.connection })],
  ["a database of the driver", () => DLocks.configure({ connection: client.db() })],
  ["a client of the driver", () => DLocks.configure({ connection: client })],
  ["a URL", () => DLocks.configure({ url })],
])("over %s", (_, configure) => {
  beforeAll(configure);

  it("executes one function after the other, and resolves to what each returns", async () => {
    let inside = 0;
    let most = 0;
    const fn = async (result: number) => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(5);
      inside -= 1;
      return result;
    };
    const execute = (result: number) => DLocks.exec({ resource: "user", id: 1, fn: fn.bind(null, result) });
    expect(await Promise.all([1, 2, 3, 4].map(execute))).toEqual([1, 2, 3, 4]);
    expect(most).toBe(1);
    expect(await locks.countDocuments()).toBe(0);
    expect(logged).not.toHaveBeenCalled();
  });

  it("stores a lock as the replaced package does", async () => {
    const lock = await DLocks.lock({ resource: "user", id: "mine" });
    expect(lock).toEqual({ name: "user-mine", uid: expect.any(String), created: expect.any(Date) });
    expect(await locks.findOne({}, { projection: { _id: 0 } })).toEqual(lock);
    await DLocks.unlock(lock);
    expect(await locks.countDocuments()).toBe(0);
    expect(logged).not.toHaveBeenCalled();
  });

  it("waits for a lock that another process holds", async () => {
    await locks.insertOne({ name: "user-other", uid: "of another process", created: new Date() });
    const waiting = DLocks.exec({ resource: "user", id: "other", fn: () => "after all" });
    await sleep(100);
    expect(await locks.countDocuments({ uid: "of another process" })).toBe(1);
    await locks.deleteMany();
    expect(await waiting).toBe("after all");
  });
});

describe("locks", () => {
  beforeAll(() => DLocks.configure({ connection: client }));

  it("are released when the function throws, which is logged and thrown on", async () => {
    const failure = new Error("of the function");
    await expect(DLocks.exec({ resource: "user", id: 1, fn: () => Promise.reject(failure) })).rejects.toBe(failure);
    expect(logged.mock.calls).toEqual([[FAILED, failure]]);
    expect(await locks.countDocuments()).toBe(0);
  });

  it("that are unlocked twice are logged", async () => {
    const lock = await DLocks.lock({ resource: "user", id: 1 });
    await DLocks.unlock(lock);
    await DLocks.unlock(lock);
    expect(logged.mock.calls).toEqual([[NOT_FOUND, { name: lock.name, uid: lock.uid }]]);
  });

  it("of an instance are its own", async () => {
    const instance = new DLocks({ resource: "user", id: 1, fn: () => "result" });
    expect(await instance.exec()).toBe("result");
    const lock = await instance.lock();
    expect(lock).toMatchObject({ name: instance.name, uid: instance.uid });
    await instance.unlock();
    expect(await locks.countDocuments()).toBe(0);
  });

  it("of the dead are free after two minutes by the server's clock", async () => {
    // With a minute to go, which nothing that is late takes up.
    const created = new Date(Date.now() - 60_000);
    await locks.insertOne({ name: "user-dead", uid: "dead", created });
    let isFree = false;
    const waiting = DLocks.exec({ resource: "user", id: "dead", fn: () => (isFree = true) });
    await sleep(1_000);
    expect(isFree).toBe(false);
    await locks.updateOne({ uid: "dead" }, { $set: { created: new Date(Date.now() - 121_000) } });
    expect(await waiting).toBe(true);
  });

  it("are dated by the server, however wrong the clock here is", async () => {
    const now = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: now + 3_600_000 });
    try {
      const { created } = await DLocks.lock({ resource: "user", id: "clock" });
      expect(Math.abs(created.getTime() - now)).toBeLessThan(60_000);
    } finally {
      vi.useRealTimers();
    }
  });

  it("are renewed while a function runs, and never come back once they are lost", { timeout: 150_000 }, async () => {
    const seen = (id: string) => locks.findOne({ name: `user-${id}` });
    await Promise.all([
      DLocks.exec({
        resource: "user",
        id: "renewed",
        fn: async () => {
          const first = await seen("renewed");
          await expect.poll(() => seen("renewed"), { timeout: 110_000, interval: 500 }).not.toEqual(first);
          expect((await seen("renewed"))?.uid).toBe(first?.uid);
        },
      }),
      DLocks.exec({
        resource: "user",
        id: "lost",
        fn: async () => {
          await locks.deleteMany({ name: "user-lost" });
          await locks.insertOne({ name: "user-lost", uid: "the next", created: new Date() });
          const next = await seen("lost");
          // Past the moment at which it is renewed.
          await sleep(45_000);
          expect(await seen("lost")).toEqual(next);
        },
      }),
    ]);
    expect((await seen("lost"))?.uid).toBe("the next");
    expect(logged.mock.calls).toEqual([[NOT_FOUND, { name: "user-lost", uid: expect.any(String) }]]);
  });

  it("cost the server as much for all waiters of a process as for one", async () => {
    await locks.insertOne({ name: "user-crowded", uid: "of another process", created: new Date() });
    let commands = 0;
    const count = () => {
      commands += 1;
    };
    client.on("commandStarted", count);
    const waiting = Array.from({ length: 200 }, () => DLocks.exec({ resource: "user", id: "crowded", fn: () => 1 }));
    await sleep(2_000);
    client.off("commandStarted", count);
    console.log(`200 waiters: ${commands} commands in 2 seconds`);
    expect(commands).toBeLessThan(800);
    await locks.deleteMany({ name: "user-crowded" });
    await Promise.all(waiting);
  });
});

describe("what cannot be used", () => {
  it.each([{}, { url, connection: client }, undefined])("is refused: %j", (settings) => {
    expect(() => DLocks.configure(settings as object)).toThrow(TypeError);
  });

  it("is refused: a logger that is no function", () => {
    expect(() => DLocks.registerLoggerErrorFn("logger" as never)).toThrow(TypeError);
  });

  it("a server that is not there is an error, which is logged", async () => {
    DLocks.configure({ url: "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=5000" });
    const fn = vi.fn();
    await expect(DLocks.exec({ resource: "user", id: 1, fn })).rejects.toThrow("ECONNREFUSED");
    expect(logged.mock.calls).toEqual([[FAILED, expect.any(Error)]]);
    expect(fn).not.toHaveBeenCalled();
  });
});

it("keeps no process alive, and prints errors to the console unless told otherwise", async () => {
  const child = new Child("../compat/leaving-mongodb.mjs", [url]);
  expect(await child.ended).toEqual({ ...QUIET_END, stderr: expect.stringMatching(/^DLocks error\. Lock not found/) });
});
