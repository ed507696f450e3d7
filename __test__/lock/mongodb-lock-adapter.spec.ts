import { randomUUID } from "node:crypto";
import { type Collection, type Db, MongoClient } from "mongodb";
import mongoose from "mongoose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { MongodbLockAdapter, type MongodbLockAdapterOptions } from "../../ts/lock/adapters";
import { ConfigurationLockError, ConnectionLockError, LOCK_EVENTS, LOCK_REFRESH_RESULT } from "../../ts/lock/contracts";
import { lockAdapterTestSuite, lockProviderTestSuite } from "../../ts/lock/test-utilities";
import { TimeSpan } from "../../ts/utilities";
import { OtherProgram } from "./mongodb/other-program";
import { REPLICA_SET_URL, STANDALONE_URL } from "./mongodb/servers";
import { nativeLockAdapterTests } from "./native-lock-adapter";

const databaseName = `holdfast_${randomUUID().replaceAll("-", "")}`;
const minute = TimeSpan.fromMinutes(1);

let adapters: MongodbLockAdapter[] = [];
let collectionName: string;

beforeEach(() => {
  collectionName = `lock_${randomUUID()}`;
});

afterEach(async () => {
  await Promise.all(adapters.map((adapter) => adapter.close()));
  adapters = [];
});

/** An adapter that is closed when the test is over, on the collection of the running test. */
function open(url: string, settings: MongodbLockAdapterOptions = {}): MongodbLockAdapter {
  return keep(new MongodbLockAdapter({ url, database: databaseName, collectionName, ...settings }));
}

function keep(adapter: MongodbLockAdapter): MongodbLockAdapter {
  adapters.push(adapter);
  return adapter;
}

describe.each([
  ["a replica set", REPLICA_SET_URL],
  ["a standalone server", STANDALONE_URL],
])("over %s", (_, url) => {
  let client: MongoClient;
  let db: Db;

  beforeAll(async () => {
    client = await new MongoClient(url).connect();
    db = client.db(databaseName);
  });

  afterAll(async () => {
    await db.dropDatabase();
    await client.close();
  });

  describe("through a URL and a Db", () => {
    let adapter: MongodbLockAdapter;
    let other: MongodbLockAdapter;

    beforeAll(() => {
      adapter = new MongodbLockAdapter({ url, database: databaseName });
      other = new MongodbLockAdapter({ database: db });
    });

    afterAll(() => Promise.all([adapter.close(), other.close()]));

    lockAdapterTestSuite({ expect, test, describe, beforeEach, createAdapter: () => adapter });

    lockProviderTestSuite({
      expect,
      test,
      describe,
      beforeEach,
      createLockProvider: () => ({
        lockProvider: new LockProvider({ adapter }),
        otherLockProvider: new LockProvider({ adapter: other }),
      }),
    });
  });

  nativeLockAdapterTests(() => open(url));

  describe("excludes programs that know no fences", () => {
    let other: OtherProgram;
    let adapter: MongodbLockAdapter;

    beforeEach(async () => {
      other = new OtherProgram(db.collection(collectionName));
      adapter = open(url);
      await adapter.init();
    });

    it("from what it holds, until it gives it back", async () => {
      expect(await adapter.acquire("k", "me", minute)).toBe(true);
      expect(await other.acquire("k", "they", 60_000)).toBe(false);
      expect(await other.release("k", "they")).toBe(false);
      expect(await adapter.release("k", "me")).toBe(true);
      expect(await other.acquire("k", "they", 60_000)).toBe(true);
    });

    it("and is excluded by them", async () => {
      expect(await other.acquire("k", "they", 60_000)).toBe(true);
      expect(await adapter.acquire("k", "me", minute)).toBe(false);
      expect(await adapter.getState("k")).toMatchObject({ owner: "they" });
      expect(await other.release("k", "they")).toBe(true);
      expect(await adapter.acquire("k", "me", minute)).toBe(true);
    });

    it("though their clock is half a minute behind", async () => {
      const behind = new OtherProgram(db.collection(collectionName), () => Date.now() - 30_000);
      await adapter.acquire("k", "me", null);
      await adapter.release("k", "me");
      expect(await behind.acquire("k", "they", 60_000)).toBe(true);
      expect(await adapter.acquire("k", "me", minute)).toBe(false);
    });

    it("so that one of many wins", async () => {
      for (let round = 0; round < 10; round++) {
        const racers = Array.from({ length: 10 }, (_unused, index) => [
          adapter.acquire(`race ${round}`, `mine ${index}`, minute),
          other.acquire(`race ${round}`, `theirs ${index}`, 60_000),
        ]).flat();
        const wins = (await Promise.all(racers)).filter(Boolean);
        expect(wins).toHaveLength(1);
      }
    });
  });

  describe("a lock", () => {
    let documents: Collection;
    let adapter: MongodbLockAdapter;

    beforeEach(() => {
      documents = db.collection(collectionName);
      adapter = open(url);
    });

    it("is a document of key, owner and expiration, under two indexes", async () => {
      await adapter.acquire("k", "me", minute);
      expect(await documents.findOne({ key: "k" })).toMatchObject({
        key: "k",
        owner: "me",
        expiration: expect.any(Date),
      });
      expect(await documents.indexes()).toMatchObject([
        { key: { _id: 1 } },
        { key: { key: 1 }, unique: true },
        { key: { expiration: 1 }, expireAfterSeconds: 120 },
      ]);
    });

    it("without an end stays so, whoever asks for it", async () => {
      await adapter.acquire("k", "me", null);
      expect(await adapter.acquire("k", "they", TimeSpan.fromMilliseconds(1))).toBe(false);
      expect(await adapter.refresh("k", "me", TimeSpan.fromMilliseconds(1))).toBe(LOCK_REFRESH_RESULT.UNEXPIRABLE_KEY);
      expect(await documents.findOne({ key: "k" })).toMatchObject({ owner: "me", expiration: null });
    });

    it("is not touched by a stranger's refresh", async () => {
      await adapter.acquire("k", "me", minute);
      const before = await documents.findOne({ key: "k" });
      for (const ttl of [TimeSpan.fromMilliseconds(1), TimeSpan.fromHours(1)]) {
        expect(await adapter.refresh("k", "they", ttl)).toBe(LOCK_REFRESH_RESULT.UNOWNED_REFRESH);
        expect(await documents.findOne({ key: "k" })).toEqual(before);
      }
    });

    it.each([0, 0.4, 1.5])("may have a ttl of %s ms", async (milliseconds) => {
      expect(await adapter.acquire("k", "me", TimeSpan.fromMilliseconds(milliseconds))).toBe(true);
    });
  });
});

describe("through a connection of mongoose", () => {
  const connection = mongoose.createConnection(REPLICA_SET_URL, { dbName: databaseName });
  const adapter = new MongodbLockAdapter({ database: connection });

  afterAll(async () => {
    await adapter.close();
    await connection.close();
  });

  lockAdapterTestSuite({ expect, test, describe, beforeEach, createAdapter: () => adapter });
});

describe("MongodbLockAdapter", () => {
  it("takes what a Db connects with, before its client is connected", async () => {
    const client = new MongoClient(REPLICA_SET_URL);
    const adapter = keep(new MongodbLockAdapter({ database: client.db(databaseName), collectionName }));
    expect(await adapter.acquire("k", "me", minute)).toBe(true);
    expect(await open(REPLICA_SET_URL).acquire("k", "they", minute)).toBe(false);
    await client.close();
  });

  it("takes a connection of mongoose that is connected", async () => {
    const connection = await mongoose.createConnection(REPLICA_SET_URL, { dbName: databaseName }).asPromise();
    const adapter = keep(new MongodbLockAdapter({ database: connection, collectionName }));
    expect(await adapter.acquire("k", "me", minute)).toBe(true);
    expect(await open(REPLICA_SET_URL).acquire("k", "they", minute)).toBe(false);
    await connection.close();
  });

  it("takes the default connection of mongoose before anybody connects it", async () => {
    const adapter = keep(new MongodbLockAdapter({ database: mongoose.connection, collectionName }));
    const acquiring = adapter.acquire("k", "me", minute);
    await mongoose.connect(REPLICA_SET_URL, { dbName: databaseName });
    expect(await acquiring).toBe(true);
    expect(await open(REPLICA_SET_URL).acquire("k", "they", minute)).toBe(false);
    await mongoose.disconnect();
  });

  it("reports a connection of mongoose that nobody connects, and takes it once it is connected", async () => {
    const connection = mongoose.createConnection();
    const adapter = keep(new MongodbLockAdapter({ database: connection, collectionName, connectTimeout: 3_000 }));
    await expect(adapter.acquire("k", "me", minute)).rejects.toThrow(ConnectionLockError);
    await connection.openUri(REPLICA_SET_URL, { dbName: databaseName });
    expect(await adapter.acquire("k", "me", minute)).toBe(true);
    await connection.close();
  });

  it("is what the URL of a provider means", async () => {
    const url = new URL(REPLICA_SET_URL);
    url.pathname = `/${databaseName}`;
    const [one, other] = [new LockProvider({ adapter: url.href }), new LockProvider({ adapter: url.href })];
    expect(await one.create("k").acquire()).toBe(true);
    expect(await other.create("k").acquire()).toBe(false);
  });

  it("wakes one who waits through another adapter, long before its interval is over", async () => {
    const mine = new LockProvider({ adapter: open(REPLICA_SET_URL) });
    const held = new LockProvider({ adapter: open(REPLICA_SET_URL) }).create("k", { ttl: null });
    await held.acquireOrFail();
    let tell: () => void = () => undefined;
    const refused = new Promise<void>((resolve) => {
      tell = resolve;
    });
    await mine.addListener(LOCK_EVENTS.UNAVAILABLE, () => tell());
    const settings = { interval: TimeSpan.fromHours(1), time: TimeSpan.fromHours(2) };
    const acquired = Promise.resolve(mine.create("k").acquireBlocking(settings));
    await refused;
    await held.release();
    expect(await acquired).toBe(true);
  });

  it("reports a server that is not there, in bounded time, and never as held", async () => {
    const adapter = open("mongodb://127.0.0.1:1", { connectTimeout: 3_000 });
    await expect(adapter.acquire("k", "me", null)).rejects.toThrow(ConnectionLockError);
  });

  const db = (uri: string, options = {}) => new MongoClient(uri, options).db("test");

  it.each([
    ["a URL of something else", { url: "http://localhost" }],
    ["no URL", { url: 7 }],
    ["no database", {}],
    ["a database of something else", { database: { databaseName: "locks" } }],
    ["nothing", undefined],
    ["a collection that cannot be one", { url: REPLICA_SET_URL, collectionName: "a$b" }],
    ["a collection that is no text", { url: REPLICA_SET_URL, collectionName: 7 }],
    ["a database that cannot be one", { url: REPLICA_SET_URL, database: "a.b" }],
    ["a timeout of zero", { url: REPLICA_SET_URL, connectTimeout: 0 }],
    ["a timeout that is none", { url: REPLICA_SET_URL, commandTimeout: "5s" }],
    ["an endless timeout", { url: REPLICA_SET_URL, commandTimeout: Number.POSITIVE_INFINITY }],
    ["a proxy", { database: db("mongodb://localhost", { proxyHost: "localhost" }) }],
    [
      "an authentication callback",
      {
        database: db("mongodb://localhost", {
          authMechanism: "MONGODB-OIDC",
          authMechanismProperties: { OIDC_CALLBACK: () => ({ accessToken: "" }) },
        }),
      },
    ],
    ["certificates that are no files", { database: db("mongodb://localhost/?tls=true", { ca: "text" }) }],
    ["unchecked host names", { database: db("mongodb://localhost/?tls=true&tlsAllowInvalidHostnames=true") }],
    [
      "automatic encryption",
      { database: { databaseName: "locks", client: { options: { hosts: [], autoEncryption: {} } } } },
    ],
  ])("refuses %s", (_, settings) => {
    expect(() => new MongodbLockAdapter(settings as never)).toThrow(ConfigurationLockError);
  });
});
