// Compiled and never run: what the types of the drop-ins take and give.

import DistributedLock, { LockTimeoutError } from "holdfast/distributed-lock";
import DLocks from "holdfast/mongo-distributed-locks";
import knex, { type Knex } from "knex";
import { type Db, MongoClient } from "mongodb";
import mongoose from "mongoose";
import { Pool } from "pg";
import { Sequelize } from "sequelize";
import { expectTypeOf } from "vitest";

const sequelize = new Sequelize("");
const handle: Knex = knex({});

new DistributedLock("name", { queryInterface: sequelize.getQueryInterface() });
new DistributedLock("name", { queryInterface: sequelize, queryInterfaceName: "sequelize" });
new DistributedLock("name", { queryInterface: handle, skipIfObtained: true });
const lock = new DistributedLock("name", { queryInterface: new Pool(), lockTableName: "a", lockTTLSeconds: 1 });

expectTypeOf(lock.lock(async () => 1)).toEqualTypeOf<Promise<number | typeof DistributedLock.EXECUTION_SKIPPED>>();
expectTypeOf(lock.lock(() => "text", { timeoutSeconds: 1, sleepMilliseconds: 1 })).resolves.toEqualTypeOf<
  string | typeof DistributedLock.EXECUTION_SKIPPED
>();
expectTypeOf(LockTimeoutError).toEqualTypeOf(DistributedLock.LockTimeoutError);

// @ts-expect-error a lock needs a handle
new DistributedLock("name", {});
// @ts-expect-error there is no such kind
new DistributedLock("name", { queryInterface: handle, queryInterfaceName: "typeorm" });

/** As in a `catch`. */
export function isTimeout(error: unknown): error is DistributedLock.LockTimeoutError {
  return error instanceof DistributedLock.LockTimeoutError;
}

DLocks.configure({ url: "mongodb://host" });
DLocks.configure({ connection: mongoose.connection });
DLocks.configure({ connection: new MongoClient("") });
DLocks.configure({ connection: {} as Db });
DLocks.registerLoggerErrorFn(console.error);

expectTypeOf(DLocks.exec({ resource: "user", id: 1, fn: async () => 1 })).toEqualTypeOf<Promise<number>>();
expectTypeOf(DLocks.lock({ resource: "user", id: "id" })).resolves.toEqualTypeOf<DLocks.LockDocument>();
expectTypeOf(DLocks.unlock).toBeCallableWith({ name: "name", uid: "uid" });
expectTypeOf(new DLocks({ resource: "user", id: 1, fn: () => "text" }).exec()).toEqualTypeOf<Promise<string>>();

// @ts-expect-error what is locked has a name
DLocks.lock({ id: 1 });
