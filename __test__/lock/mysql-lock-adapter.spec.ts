import { randomUUID } from "node:crypto";
import mysql from "mysql2/promise";
import { afterAll, afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { MysqlLockAdapter, type MysqlLockAdapterSettings } from "../../ts/lock/adapters";
import { ConfigurationLockError, ConnectionLockError } from "../../ts/lock/contracts";
import { lockAdapterTestSuite, lockProviderTestSuite } from "../../ts/lock/test-utilities";
import { TimeSpan } from "../../ts/utilities";
import { nativeLockAdapterTests } from "./native-lock-adapter";

const url = process.env.MYSQL_URL ?? missing();

function missing(): never {
  throw new Error("MYSQL_URL names no MySQL server; npm test provides one, or set it");
}

const ttl = TimeSpan.fromMinutes(10);
const client = mysql.createPool({ uri: url, connectionLimit: 1 });
const tables: string[] = [];
let tableName: string;
let adapters: MysqlLockAdapter[];

/** An adapter that is closed when the test is over; without settings on the table of the running test. */
function open(settings: Partial<MysqlLockAdapterSettings> = {}): MysqlLockAdapter {
  const adapter = new MysqlLockAdapter({ url, tableName, ...settings });
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

/** The rows that a statement answers. */
async function rows(statement: string): Promise<unknown[]> {
  const [answered] = await client.query(statement);
  return answered as unknown[];
}

describe("MysqlLockAdapter", () => {
  it("is what a mysql: or mariadb: URL of a provider opens", async () => {
    const key = randomUUID();
    const locks = ["mysql:", "mariadb:"].map((scheme) =>
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

  it("works in a single connection", async () => {
    const adapter = open({ maxConnections: 1 });
    const granted = await Promise.all(["a", "b", "a"].map((key) => adapter.acquire(key, "me", ttl)));
    expect(granted).toEqual([true, true, false]);
  });

  it("tells apart what was released in a batch from what was not", async () => {
    const adapter = open();
    await Promise.all(["a", "b", "c"].map((key) => adapter.acquire(key, key === "b" ? "they" : "me", ttl)));
    const released = await Promise.all(["a", "b", "c", "d"].map((key) => adapter.release(key, "me")));
    expect(released).toEqual([true, false, true, false]);
  });

  it("grants and releases many at once, and tells apart what has changed hands", async () => {
    const provider = new LockProvider({ adapter: open(), defaultTtl: ttl });
    const rivals = new LockProvider({ adapter: open(), defaultTtl: ttl });
    const keys = ["a", "b", "a\u0001b", "A", "a ", "é", "e\u0301", 'it\'s \\ "odd"', "c", "d"];
    const locks = keys.map((key) => provider.create(key));
    let fences = keys.map(() => 0n);
    for (let round = 0; round < 3; round += 1) {
      expect(await Promise.all(locks.map((lock) => lock.acquire()))).toEqual(keys.map(() => true));
      const next = locks.map(({ fence }) => fence ?? 0n);
      expect(next.every((fence, place) => fence > (fences[place] ?? 0n))).toBe(true);
      fences = next;
      const states = await Promise.all(keys.map((key) => rivals.create(key).getState()));
      expect(states.map((state) => "fence" in state && state.fence)).toEqual(fences);
      expect(await Promise.all(keys.map((key) => rivals.create(key).acquire()))).toEqual(keys.map(() => false));
      // One is taken away and has another holder, and one has none.
      await rivals.create("b").forceRelease();
      await rivals.create("c").forceRelease();
      const rival = rivals.create("b");
      await rival.acquireOrFail();
      const released = await Promise.all(locks.map((lock) => lock.release()));
      expect(released).toEqual(keys.map((key) => !["b", "c"].includes(key)));
      await rival.releaseOrFail();
    }
  });

  it("grants many at once whose fences are ahead of the clock", async () => {
    const adapter = open();
    const provider = new LockProvider({ adapter, defaultTtl: ttl });
    const locks = ["a", "b", "c"].map((key) => provider.create(key));
    await Promise.all(locks.map((lock) => lock.runOrFail(async () => undefined)));
    const hour = 3_600_000_000;
    await client.query(`UPDATE ${tableName} SET fence = fence + ${hour}`);
    const [{ ahead }] = (await rows(`SELECT MIN(fence) AS ahead FROM ${tableName}`)) as [{ ahead: number }];
    for (let round = 0; round < 2; round += 1) {
      expect(await Promise.all(locks.map((lock) => lock.acquire()))).toEqual([true, true, true]);
      expect(locks.every(({ fence }) => Number(fence) > ahead)).toBe(true);
      expect(await Promise.all(locks.map((lock) => lock.release()))).toEqual([true, true, true]);
    }
  });

  it("excludes programs that know the table but not the fences, and is excluded by them", async () => {
    const adapter = open();
    await adapter.acquire("mine", "me", ttl);
    await client.query(`INSERT INTO ${tableName} (\`key\`, owner, expiration) VALUES ('theirs', 'they', NULL)`);
    expect(await adapter.acquire("theirs", "me", ttl)).toBe(false);
    const taking = client.query(`INSERT INTO ${tableName} (\`key\`, owner, expiration) VALUES ('mine', 'they', NULL)`);
    await expect(taking).rejects.toThrow(/Duplicate entry/);
    expect(await rows(`SELECT owner FROM ${tableName} WHERE \`key\` = 'mine'`)).toEqual([{ owner: "me" }]);
  });

  it("completes a table of Kysely's, whose keys become bytes, and sees its locks", async () => {
    await client.query(
      `CREATE TABLE ${tableName} (\`key\` varchar(255) NOT NULL PRIMARY KEY, owner varchar(255) NOT NULL, expiration bigint) DEFAULT CHARSET latin1`,
    );
    await client.query(`INSERT INTO ${tableName} VALUES ('h\u00e9ld', 'th\u00e9y', NULL)`);
    const adapter = open();
    expect(await adapter.acquire("h\u00e9ld", "me", ttl)).toBe(false);
    expect(await adapter.getState("h\u00e9ld")).toMatchObject({ owner: "th\u00e9y" });
    for (const key of ["H\u00e9ld", "h\u00e9ld ", "held"]) {
      expect(await adapter.acquire(key, "me", ttl)).toBe(true);
    }
    expect(await adapter.release("h\u00e9ld", "th\u00e9y")).toBe(true);
  });

  it.each([
    ["other columns", "(id bigint)", /has the columns/],
    ["a key of another type", "(`key` int PRIMARY KEY, owner text, expiration bigint)", /key int/],
    ["a key that is not unique", "(`key` varchar(255), owner varchar(255), expiration bigint)", /not unique/],
  ])("refuses a table of %s", async (_, shape, advice) => {
    await client.query(`CREATE TABLE ${tableName} ${shape}`);
    const refused = open().init();
    await expect(refused).rejects.toThrow(ConfigurationLockError);
    await expect(refused).rejects.toThrow(advice);
  });

  it("deletes rows whose lease is over in the background", async () => {
    const adapter = open({ expiredKeysRemovalInterval: TimeSpan.fromMilliseconds(50) });
    await adapter.acquire("fresh", "me", TimeSpan.fromMilliseconds(1));
    await adapter.acquire("held", "me", ttl);
    await client.query(`INSERT INTO ${tableName} (\`key\`, owner, expiration) VALUES ('old', 'they', 0)`);
    const keys = () => rows(`SELECT CAST(\`key\` AS CHAR) AS name FROM ${tableName} ORDER BY \`key\``);
    await expect.poll(keys, { timeout: 30_000 }).toEqual([{ name: "fresh" }, { name: "held" }]);
  });

  it("reports a server that is not there, in bounded time, and never as held", async () => {
    const adapter = open({ url: "mysql://root:secret@127.0.0.1:1/holdfast" });
    const refused = adapter.acquire("k", "me", null);
    await expect(refused).rejects.toThrow(ConnectionLockError);
    await expect(refused).rejects.not.toThrow(/secret/);
  });

  it.each([
    ["a URL of something else", { url: "http://localhost" }],
    ["no database", { url: "mysql://localhost" }],
    ["no URL", { url: 7 }],
    ["nothing", undefined],
    ["a table that would need escaping", { url, tableName: "a`b" }],
    ["no connection", { url, maxConnections: 0 }],
    ["an unknown mode of ssl", { url, ssl: { mode: "maybe" } }],
  ])("refuses %s", (_, settings) => {
    expect(() => new MysqlLockAdapter(settings as never)).toThrow(ConfigurationLockError);
  });
});
