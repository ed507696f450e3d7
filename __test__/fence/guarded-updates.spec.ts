// A holder that was overtaken writes nothing, whatever the data is kept in.

import { randomUUID } from "node:crypto";
import Sqlite from "better-sqlite3";
import { Redis } from "ioredis";
import knex from "knex";
import { Kysely, SqliteDialect } from "kysely";
import { MongoClient } from "mongodb";
import { DataTypes, Sequelize } from "sequelize";
import { afterAll, describe, expect, test } from "vitest";
import {
  guardKnexUpdate,
  guardKyselyUpdate,
  guardMongodbUpdate,
  guardRedisSet,
  guardSequelizeUpdate,
} from "../../ts/fence";
import { LockProvider } from "../../ts/lock";
import { InvalidInputError, TimeSpan } from "../../ts/utilities";

/** An account in some storage; a write says whether it took effect. */
interface Account {
  write(balance: number, fence: bigint): Promise<boolean>;
  read(): Promise<number>;
}

const closers: (() => Promise<unknown>)[] = [];

afterAll(() => Promise.all(closers.map((close) => close())));

function urlIn(variable: string): string {
  const url = process.env[variable];
  if (url === undefined) {
    throw new Error(`${variable} names no server; npm test provides one, or set it`);
  }
  return url;
}

const table = `account_${randomUUID().replaceAll("-", "")}`;

async function inKysely(): Promise<Account> {
  const kysely = new Kysely<{ account: { id: number; balance: number; fence: number } }>({
    dialect: new SqliteDialect({ database: new Sqlite(":memory:") }),
  });
  closers.push(() => kysely.destroy());
  await kysely.schema
    .createTable("account")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("balance", "integer")
    .addColumn("fence", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
  await kysely.insertInto("account").values({ id: 1, balance: 0, fence: 0 }).execute();
  return {
    async write(balance, fence) {
      const query = kysely.updateTable("account").set({ balance }).where("id", "=", 1);
      return (await guardKyselyUpdate(query, fence).executeTakeFirst()).numUpdatedRows === 1n;
    },
    async read() {
      return (await kysely.selectFrom("account").select("balance").executeTakeFirstOrThrow()).balance;
    },
  };
}

async function inKnex(): Promise<Account> {
  const database = knex({ client: "pg", connection: urlIn("POSTGRES_URL"), pool: { min: 0, max: 1 } });
  closers.push(async () => {
    await database.schema.dropTable(table);
    await database.destroy();
  });
  await database.schema.createTable(table, (columns) => {
    columns.integer("id").primary();
    columns.integer("balance");
    columns.bigInteger("fence").notNullable().defaultTo(0);
  });
  await database(table).insert({ id: 1, balance: 0 });
  return {
    async write(balance, fence) {
      return (await guardKnexUpdate(database(table).where({ id: 1 }).update({ balance }), fence)) === 1;
    },
    async read() {
      return (await database(table).first("balance")).balance;
    },
  };
}

async function inSequelize(): Promise<Account> {
  const sequelize = new Sequelize(urlIn("MYSQL_URL"), { dialect: "mysql", logging: false, pool: { max: 1 } });
  const model = sequelize.define(
    table,
    {
      id: { type: DataTypes.INTEGER, primaryKey: true },
      balance: DataTypes.INTEGER,
      fence: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 0 },
    },
    { freezeTableName: true, timestamps: false },
  );
  closers.push(async () => {
    await model.drop();
    await sequelize.close();
  });
  await model.sync();
  await model.create({ id: 1, balance: 0 });
  return {
    async write(balance, fence) {
      return (await guardSequelizeUpdate(model, { balance }, { where: { id: 1 } }, fence)) === 1;
    },
    async read() {
      return (await model.findByPk(1))?.get("balance") as number;
    },
  };
}

async function inMongodb(): Promise<Account> {
  const client = new MongoClient(urlIn("MONGODB_URL"));
  const collection = client.db("holdfast").collection<{ _id: number; balance: number }>(table);
  closers.push(async () => {
    await collection.drop();
    await client.close();
  });
  await collection.insertOne({ _id: 1, balance: 0 });
  return {
    async write(balance, fence) {
      const { filter, update } = guardMongodbUpdate({ _id: 1 }, { $set: { balance } }, fence);
      return (await collection.updateOne(filter, update)).matchedCount === 1;
    },
    async read() {
      return (await collection.findOne({ _id: 1 }))?.balance as number;
    },
  };
}

async function inRedis(): Promise<Account> {
  const client = new Redis(urlIn("REDIS_URL"));
  const key = `holdfast-${table}`;
  closers.push(async () => {
    await client.del(key, `{${key}}:guard`);
    client.disconnect();
  });
  return {
    write: (balance, fence) => guardRedisSet(client, key, balance, fence),
    read: async () => Number(await client.get(key)),
  };
}

describe.each([
  ["a table, through Kysely", inKysely],
  ["a table, through Knex", inKnex],
  ["a table, through Sequelize", inSequelize],
  ["a collection of MongoDB", inMongodb],
  ["a key of Redis", inRedis],
])("data in %s", (_, open) => {
  test("is written by the last who was granted the lock, as often as it likes, and by nobody before", async () => {
    const account = await open();
    const provider = new LockProvider({ adapter: "memory:" });
    const early = provider.create("account", { ttl: TimeSpan.fromMilliseconds(1) });
    await early.acquireOrFail();
    const fence = early.fence as bigint;
    expect(await account.write(10, fence)).toBe(true);
    const late = provider.create("account");
    await late.acquireBlockingOrFail();
    expect(await account.write(20, late.fence as bigint)).toBe(true);
    expect(await account.write(30, fence)).toBe(false);
    expect(await account.read()).toBe(20);
    expect(await account.write(40, late.fence as bigint)).toBe(true);
    expect(await account.read()).toBe(40);
  });
});

test.each([0n, -1n, 5 as unknown as bigint, null as unknown as bigint])("%s is no fence", (fence) => {
  expect(() => guardMongodbUpdate({}, { $set: {} }, fence)).toThrow(InvalidInputError);
});

test("an update of MongoDB that is none of operators is refused", () => {
  expect(() => guardMongodbUpdate({}, { balance: 1 }, 1n)).toThrow(InvalidInputError);
  expect(() => guardMongodbUpdate({}, [], 1n)).toThrow(InvalidInputError);
});
