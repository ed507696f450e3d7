// A thousand who wait in one process for a key that stays held cost the server and the process next to nothing.

import { setTimeout } from "node:timers/promises";
import { describe, type TestContext, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { DATABASES, openAt, type Place } from "../lock/backends";
import { Child } from "./child";
import { startServer } from "./own-server.mjs";
import { statisticsOf } from "./statistics";

const COUNT = 1_000;
const MILLISECONDS = process.env.HOLDFAST_LONG === undefined ? 12_000 : 30_000;
/** Nobody can be heard on some databases: by then the pauses between their tries are as long as the interval. */
const SETTLED_AFTER = 5_000;
const patience = { timeout: 180_000 };

/** Each on a server that nobody else asks anything. */
const SERVERS = [
  ["redis", "RedisLockAdapter", {}],
  ["postgres", "PostgresLockAdapter", { shared_preload_libraries: "pg_stat_statements" }],
  ["mariadb", "MysqlLockAdapter", {}],
  ["mongodb", "MongodbLockAdapter", {}],
] as const;

interface Cost {
  /** In bytes, of each. */
  readonly memory: number;
  /** The part of a processor. */
  readonly load: number;
  /** Commands a second at the server, if it counts them. */
  readonly commands: number;
}

/** What they cost while nothing happens. */
async function costAt(
  { expect, onTestFinished }: TestContext,
  place: Place,
  count: () => Promise<number> = async () => Number.NaN,
): Promise<Cost> {
  const adapter = openAt(place);
  const holder = new LockProvider({ adapter, defaultTtl: null }).create("key");
  await holder.acquireOrFail();
  // It has nothing to do with what is counted.
  await adapter.close();
  const child = new Child("waiter.mjs", [JSON.stringify(place)], { talks: true, onTestFinished });
  expect(await child.hear()).toBe("ready");
  child.tell(["gather", COUNT]);
  const memory = (await child.hear()) as number;
  await setTimeout(SETTLED_AFTER);

  const [before, begun] = [await count(), performance.now()];
  child.tell(["rest", MILLISECONDS]);
  const load = (await child.hear()) as number;
  const commands = ((await count()) - before) / ((performance.now() - begun) / 1_000);

  child.tell(["disperse"]);
  expect(await child.hear()).toBe(COUNT);
  await child.dismiss();
  return { memory, load, commands };
}

function tell(database: string, { memory, load, commands }: Cost): void {
  const asked = Number.isNaN(commands) ? "" : `${commands.toFixed(2)} commands a second, `;
  console.log(`${database}: ${asked}${(100 * load).toFixed(1)} % of a core, ${(memory / 1024).toFixed(1)} KiB each`);
}

describe.concurrent("a thousand who wait in one process", patience, () => {
  test.for(SERVERS)("ask a server at most twice a second: %s", async ([name, adapter, changes], context) => {
    const { expect, onTestFinished } = context;
    const server = await startServer(name, changes);
    onTestFinished(() => server.stop());
    const statistics = await statisticsOf(name, server.url);
    const cost = await costAt(context, { adapter, settings: { url: server.url } }, statistics.commands);
    await statistics.close();
    tell(name, cost);
    expect(cost.commands).toBeGreaterThan(0);
    expect(cost.commands).toBeLessThanOrEqual(2);
    expect(cost.load).toBeLessThan(0.1);
  });

  test("take next to nothing of a processor over SQLite", async (context) => {
    const cost = await costAt(context, DATABASES.SQLite?.() as Place);
    tell("sqlite", cost);
    context.expect(cost.load).toBeLessThan(0.1);
  });
});
