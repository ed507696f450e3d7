import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { PostgresLockAdapter, type PostgresLockAdapterSettings } from "../../ts/lock/adapters";
import { ConfigurationLockError, ConnectionLockError } from "../../ts/lock/contracts";
import { lockAdapterTestSuite, lockProviderTestSuite } from "../../ts/lock/test-utilities";
import { TimeSpan } from "../../ts/utilities";
import { nativeLockAdapterTests } from "./native-lock-adapter";

const url = process.env.POSTGRES_URL ?? missing();

function missing(): never {
  throw new Error("POSTGRES_URL names no PostgreSQL server; npm test provides one, or set it");
}

const ttl = TimeSpan.fromMinutes(10);
const client = new pg.Pool({ connectionString: url, max: 1 });
const tables: string[] = [];
let tableName: string;
let adapters: PostgresLockAdapter[];

/** An adapter that is closed when the test is over; without settings on the table of the running test. */
function open(settings: Partial<PostgresLockAdapterSettings> = {}): PostgresLockAdapter {
  const adapter = new PostgresLockAdapter({ url, tableName, ...settings });
  adapters.push(adapter);
  return adapter;
}

beforeEach(() => {
  tableName = `lock_${randomUUID().replaceAll("-", "")}`;
  tables.push(tableName);
  adapters = [];
});

afterEach(async () => {
  await Promise.all(adapters.map((adapter) => adapter.close()));
});

afterAll(async () => {
  await client.query(`DROP TABLE IF EXISTS ${tables.join(", ")}`);
  await client.end();
});

/** Of the suites, whose keys are their own. */
const suiteTable = `lock_${randomUUID().replaceAll("-", "")}`;
const openSuite = () => open({ tableName: suiteTable });
tables.push(suiteTable, `${suiteTable}_emptied`);

lockAdapterTestSuite({ expect, test, describe, beforeEach, createAdapter: openSuite });

lockProviderTestSuite({
  expect,
  test,
  describe,
  beforeEach,
  createLockProvider: () => ({
    lockProvider: new LockProvider({ adapter: openSuite() }),
    otherLockProvider: new LockProvider({ adapter: openSuite() }),
  }),
});

describe("on a table that is emptied for each test", () => {
  beforeEach(async () => {
    tableName = `${suiteTable}_emptied`;
    await client.query(`DELETE FROM ${tableName}`).catch(() => undefined);
  });

  nativeLockAdapterTests(() => open());
});

describe("PostgresLockAdapter", () => {
  it("is what a postgres: URL of a provider opens", async () => {
    const key = randomUUID();
    const locks = ["postgres:", "postgresql:"].map((scheme) =>
      new LockProvider({ adapter: url.replace(/^\w+:/, scheme) }).create(key, { ttl }),
    );
    expect(await locks[0]?.acquire()).toBe(true);
    expect(await locks[1]?.acquire()).toBe(false);
    expect(await locks[0]?.release()).toBe(true);
  });

  it("takes host, port, user, database and the password of a function, asked for each connection", async () => {
    const { hostname, port, username, password, pathname } = new URL(url);
    let asked = 0;
    const adapter = open({
      url: undefined,
      host: hostname,
      port: Number(port),
      user: username,
      database: pathname.slice(1),
      password: async () => {
        asked += 1;
        return decodeURIComponent(password);
      },
      maxConnections: 1,
    });
    expect(await adapter.acquire("k", "me", ttl)).toBe(true);
    expect(await adapter.acquire("k", "they", ttl)).toBe(false);
    expect(asked).toBe(1);
  });

  it("fails with what the function for the password throws", async () => {
    const adapter = open({
      password: () => {
        throw new Error("the vault is sealed");
      },
    });
    await expect(adapter.acquire("k", "me", ttl)).rejects.toThrow(ConfigurationLockError);
    await expect(adapter.acquire("k", "me", ttl)).rejects.toThrow("the vault is sealed");
  });

  it("puts the table into a schema, and says if there is none", async () => {
    await client.query(`CREATE SCHEMA ${tableName}`);
    await open({ schema: tableName, tableName: undefined }).acquire("k", "me", ttl);
    const { rows } = await client.query(`SELECT key, owner FROM ${tableName}.lock`);
    expect(rows).toEqual([{ key: "k", owner: "me" }]);
    await client.query(`DROP SCHEMA ${tableName} CASCADE`);
    await expect(open({ schema: tableName }).init()).rejects.toThrow(ConfigurationLockError);
  });

  it("works in a single connection without prepared statements", async () => {
    const adapter = open({ maxConnections: 1, preparedStatements: false, listen: false });
    const granted = await Promise.all(["a", "b", "a"].map((key) => adapter.acquire(key, "me", ttl)));
    expect(granted).toEqual([true, true, false]);
  });

  it("excludes programs that know the table but not the fences, and is excluded by them", async () => {
    const adapter = open();
    await adapter.acquire("mine", "me", ttl);
    await client.query(`INSERT INTO ${tableName} (key, owner, expiration) VALUES ('theirs', 'they', NULL)`);
    expect(await adapter.acquire("theirs", "me", ttl)).toBe(false);
    const taking = client.query(`INSERT INTO ${tableName} (key, owner, expiration) VALUES ('mine', 'they', NULL)`);
    await expect(taking).rejects.toThrow(/duplicate key/);
  });

  it("deletes rows whose lease is over in the background", async () => {
    const adapter = open({ expiredKeysRemovalInterval: TimeSpan.fromMilliseconds(50) });
    await adapter.acquire("fresh", "me", TimeSpan.fromMilliseconds(1));
    await adapter.acquire("held", "me", ttl);
    await client.query(`INSERT INTO ${tableName} (key, owner, expiration) VALUES ('old', 'they', 0)`);
    const keys = async () =>
      (await client.query(`SELECT key FROM ${tableName} ORDER BY key`)).rows.map(({ key }) => key);
    await expect.poll(keys, { timeout: 30_000 }).toEqual(["fresh", "held"]);
  });

  it("refuses to create the table without the privilege, and says so", async () => {
    const role = tableName;
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    try {
      const refused = open({ user: role, password: "secret", schema: "pg_catalog" }).init();
      await expect(refused).rejects.toThrow(ConfigurationLockError);
      await expect(refused).rejects.toThrow(/grant it the rights/);
    } finally {
      await client.query(`DROP ROLE ${role}`);
    }
  });

  it("reports a server that is not there, in bounded time, and never as held", async () => {
    const adapter = open({ url: "postgres://postgres:secret@127.0.0.1:1/postgres" });
    const refused = adapter.acquire("k", "me", null);
    await expect(refused).rejects.toThrow(ConnectionLockError);
    await expect(refused).rejects.not.toThrow(/secret/);
  });

  it.each([
    ["a URL of something else", { url: "http://localhost" }],
    ["no URL", { url: 7 }],
    ["nothing", undefined],
    ["a table that would need escaping", { url, tableName: 'a"b' }],
    ["a schema that would need escaping", { url, schema: "a.b" }],
    ["no connection", { url, maxConnections: 0 }],
    ["a port that is none", { url, port: 70_000 }],
    ["an unknown mode of ssl", { url, ssl: { mode: "maybe" } }],
    ["a certificate without a key", { url, ssl: { cert: "client.pem" } }],
    ["a timeout of nothing", { url, connectTimeout: TimeSpan.fromMilliseconds(0) }],
  ])("refuses %s", (_, settings) => {
    expect(() => new PostgresLockAdapter(settings as never)).toThrow(ConfigurationLockError);
  });
});
