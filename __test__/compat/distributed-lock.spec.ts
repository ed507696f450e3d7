import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { handleNames, openHandle } from "./handles.mjs";

const DistributedLock: typeof import("holdfast/distributed-lock") = createRequire(import.meta.url)(
  "holdfast/distributed-lock",
);
const TABLE = `drop_in_${process.pid}`;
/** Far longer than what is to be over. */
const PATIENCE = 30_000;

type Params = import("holdfast/distributed-lock").Params;

describe.each(handleNames)("over %s", (name) => {
  let folder: string;
  let handle: ReturnType<typeof openHandle>;
  /** As that of another process: what waits on it does not stand in line with the first. */
  let other: ReturnType<typeof openHandle>;
  const [client = "", dialect = ""] = name.split(" ");
  const table = `${TABLE}_${client}`;

  beforeAll(() => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), "holdfast-"));
    handle = openHandle(name, join(folder, "locks.db"));
    other = openHandle(name, join(folder, "locks.db"));
  });

  afterAll(async () => {
    await handle.query(`DROP TABLE IF EXISTS ${table}`);
    await handle.close();
    await other.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const create = (lockName: string, params: Partial<Params> = {}, of = handle) =>
    new DistributedLock(lockName, { queryInterface: of.queryInterface, lockTableName: table, ...params });

  it("runs a function, resolves to what it returns, and leaves nothing", async () => {
    const lock = create("returns");
    expect(await lock.lock(async () => "the result")).toBe("the result");
    expect(await lock.lock(() => 2)).toBe(2);
    expect(await lock.lock()).toBe(undefined);
    expect(await rowsOf(lock)).toEqual([]);
  });

  it("makes the table as the replaced package does", async () => {
    const lock = create("columns");
    let rows: Record<string, unknown>[] = [];
    await lock.lock(async () => {
      rows = await rowsOf(lock);
    });
    expect(rows.flatMap(Object.keys)).toEqual(["mutex", "ts", "node_id"]);
  });

  it("excludes all others, of this process and of others", async () => {
    let inside = 0;
    let most = 0;
    const section = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(5);
      inside -= 1;
    };
    const one = create("excludes");
    const locks = [one, one, create("excludes"), create("excludes", {}, other), create("excludes", {}, other)];
    await Promise.all(locks.map((lock) => lock.lock(section)));
    expect(most).toBe(1);
  });

  it("releases when the function throws, and rejects with what it throws", async () => {
    const failure = new Error("of the function");
    const lock = create("throws");
    await expect(lock.lock(() => Promise.reject(failure))).rejects.toBe(failure);
    expect(await rowsOf(lock)).toEqual([]);
  });

  it.each([
    ["this process", () => handle],
    ["another process", () => other],
  ])("skips the function if %s holds the lock and it is told to", async (_, holder) => {
    const skipping = create("skips", { skipIfObtained: true }, holder());
    expect(await create("skips").lock(() => skipping.lock(() => "ran"))).toBe(DistributedLock.EXECUTION_SKIPPED);
    expect(await skipping.lock(() => "ran")).toBe("ran");
  });

  it.each([
    ["this process", () => handle],
    ["another process", () => other],
  ])("gives up waiting for %s in time, and says why", async (_, waiter) => {
    const waiting = create("times out", {}, waiter());
    const refusal = await create("times out").lock(() =>
      waiting.lock(undefined, { timeoutSeconds: 0.1 }).catch((error: unknown) => error),
    );
    expect(refusal).toBeInstanceOf(DistributedLock.LockTimeoutError);
    expect((refusal as Error).message).toContain("0.1 seconds");
    expect((refusal as Error).cause).toBeInstanceOf(DistributedLock.AlreadyObtainedError);
    expect(await waiting.lock(() => "free", { timeoutSeconds: 0 })).toBe("free");
  });

  it("hands over to another process in far less than sleepMilliseconds", async () => {
    const gaps: number[] = [];
    for (let time = 0; time < 5; time += 1) {
      let left = 0;
      const holding = create("hands over").lock(async () => {
        await sleep(200);
        left = performance.now();
      });
      await sleep(50);
      await create("hands over", {}, other).lock(() => gaps.push(performance.now() - left));
      await holding;
    }
    gaps.sort((one, another) => one - another);
    console.log(`${name}: handed over after ${gaps.map((gap) => gap.toFixed(1)).join(", ")} ms`);
    expect(gaps[2]).toBeLessThan(500);
  });

  it("renews the lock while the function runs", async () => {
    const lock = create("renews", { lockTTLSeconds: 20 });
    await lock.lock(async () => {
      const [first] = await rowsOf(lock);
      await expect.poll(() => rowsOf(lock), { timeout: PATIENCE }).not.toEqual([first]);
      const [later] = await rowsOf(lock);
      expect(later?.node_id).toBe(first?.node_id);
      expect(new Date(String(later?.ts)).getTime()).toBeGreaterThan(new Date(String(first?.ts)).getTime());
    });
  });

  it("never takes back a lock it has lost, and leaves the next holder alone", async () => {
    const lock = create("lost", { lockTTLSeconds: 1.5 });
    const after = create("lost", {}, other);
    let leave = () => {};
    const seen = new Promise<void>((resolve) => {
      leave = resolve;
    });
    onTestFinished(() => leave());
    let next: Promise<unknown> | undefined;
    await lock.lock(async () => {
      await handle.query(`DELETE FROM ${table} WHERE mutex = 'lost'`);
      // Past the moment at which it is renewed.
      await sleep(1_000);
      expect(await rowsOf(lock)).toEqual([]);
      next = after.lock(() => seen);
      await expect.poll(() => rowsOf(lock), { timeout: PATIENCE }).toHaveLength(1);
    });
    expect(await rowsOf(lock)).toHaveLength(1);
    leave();
    await next;
    expect(await rowsOf(lock)).toEqual([]);
  });

  it("takes over from the dead when the lease is over", async () => {
    const lock = create("dead", { lockTTLSeconds: 600 });
    const end = dialect === "postgres" ? "now() - interval '1 second'" : "'2001-01-01 00:00:00.000'";
    await lock.lock(() => handle.query(`UPDATE ${table} SET mutex = 'as left by the dead' WHERE mutex = 'dead'`));
    expect(await rowsOf(lock)).toHaveLength(0);
    const dead = create("as left by the dead", { lockTTLSeconds: 600 }, other);
    await expect(dead.lock(undefined, { timeoutSeconds: 0.1 })).rejects.toThrow(DistributedLock.LockTimeoutError);
    await handle.query(`UPDATE ${table} SET ts = ${end} WHERE mutex = 'as left by the dead'`);
    expect(await dead.lock(() => "taken over")).toBe("taken over");
    expect(await handle.query(`SELECT * FROM ${table}`)).toEqual([]);
  });

  it("tells apart what the column cannot", async () => {
    const names = ["name", "NAME", "name ", "näme", "nàme", "n\0me", "x".repeat(37), `${"x".repeat(37)}y`];
    let inside = 0;
    let open = () => {};
    const all = new Promise<void>((resolve) => {
      open = resolve;
    });
    const enterAll = (lockName: string) =>
      create(lockName).lock(async () => {
        inside += 1;
        if (inside === names.length) {
          open();
        }
        await all;
        return create(lockName, { skipIfObtained: true }, other).lock();
      });
    const skipped = names.map(() => DistributedLock.EXECUTION_SKIPPED);
    expect(await Promise.all(names.map(enterAll))).toEqual(skipped);
  });

  it("makes the table again if it is dropped", async () => {
    const lock = create("dropped");
    await lock.lock();
    await handle.query(`DROP TABLE ${table}`);
    expect(await lock.lock(() => "made again")).toBe("made again");
  });

  it.skipIf(dialect === "sqlite")("makes the schema of its table", async () => {
    const schema = `${table}_schema`;
    onTestFinished(async () => {
      await handle.query(`DROP SCHEMA IF EXISTS ${schema} ${dialect === "postgres" ? "CASCADE" : ""}`);
    });
    const lock = create("schema", { lockTableName: `${schema}.locks` });
    expect(await lock.lock(() => handle.query(`SELECT mutex FROM ${schema}.locks`))).toEqual([{ mutex: "schema" }]);
  });

  it("is told what it needs by its handle alone, or by name", async () => {
    expect(await create("by name", { queryInterfaceName: client as "pg" }).lock(() => "ran")).toBe("ran");
    if (client === "sequelize") {
      const { sequelize } = handle.queryInterface;
      expect(await create("the instance", { queryInterface: sequelize }).lock(() => "ran")).toBe("ran");
    }
  });

  async function rowsOf({ lockName }: { lockName: string }): Promise<Record<string, unknown>[]> {
    return handle.query(`SELECT * FROM ${table} WHERE mutex = '${lockName}'`);
  }
});

describe("what cannot be used", () => {
  const pool = { query: () => undefined, totalCount: 0 };

  it.each([
    ["no name", "", { queryInterface: pool }, TypeError, "needs a name"],
    ["no handle", "name", {}, TypeError, "Query interface required"],
    ["a ttl of 0", "name", { queryInterface: pool, lockTTLSeconds: 0 }, RangeError, "lockTTLSeconds"],
    [
      "an endless ttl",
      "name",
      { queryInterface: pool, lockTTLSeconds: Number.POSITIVE_INFINITY },
      RangeError,
      "lockTTL",
    ],
    [
      "a statement as a table",
      "name",
      { queryInterface: pool, lockTableName: "a; DROP TABLE b" },
      TypeError,
      "a; DROP",
    ],
    ["three parts of a name", "name", { queryInterface: pool, lockTableName: "a.b.c" }, TypeError, "schema.table"],
    [
      "a strange handle",
      "name",
      { queryInterface: {} },
      DistributedLock.UnableToLocateQueryInterfaceError,
      "queryInterfaceName",
    ],
    [
      "a strange kind",
      "name",
      { queryInterface: pool, queryInterfaceName: "typeorm" },
      DistributedLock.UnknownQueryInterfaceError,
      "typeorm",
    ],
    [
      "a strange dialect",
      "name",
      { queryInterface: { raw: () => undefined, client: { dialect: "mssql" } } },
      DistributedLock.UnknownDialectError,
      "mssql",
    ],
  ])("is refused at once: %s", (_, lockName, params, type, message) => {
    const create = () => new DistributedLock(lockName, params as unknown as Params);
    expect(create).toThrow(type);
    expect(create).toThrow(message);
  });

  it("is refused before anything is asked for: a time that is none", async () => {
    const lock = new DistributedLock("name", { queryInterface: pool });
    await expect(lock.lock(undefined, { timeoutSeconds: -1 })).rejects.toThrow(RangeError);
    await expect(lock.lock(undefined, { sleepMilliseconds: Number.NaN })).rejects.toThrow("sleepMilliseconds");
  });

  it("names of tables are folded and quoted as PostgreSQL does, so that both packages mean the same table", async () => {
    const asked: string[] = [];
    const queryInterface = {
      totalCount: 0,
      async query(sql: string) {
        asked.push(sql);
        return { rows: [] };
      },
    };
    for (const lockTableName of ["Locks", '"Locks"', 'App."my ""locks"""']) {
      await new DistributedLock("name", { queryInterface, lockTableName })
        .lock(undefined, { timeoutSeconds: 0 })
        .catch(() => {});
    }
    const named = new Set(asked.map((sql) => /^DELETE FROM (.*?) WHERE/.exec(sql)?.[1]));
    expect([...named].filter(Boolean)).toEqual(['"locks"', '"Locks"', '"app"."my ""locks"""']);
  });
});
