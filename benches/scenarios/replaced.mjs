// What our drop-ins stand in the place of, and the drop-ins.

import { createRequire } from "node:module";
import { MongoClient } from "mongodb";
import pg from "pg";
import { StandIn } from "../../__test__/compat/stand-in.mjs";

const require = createRequire(import.meta.url);

/**
 * @typedef {object} Replaced
 * @property {string} name
 * @property {(url: string) => Promise<OpenReplaced>} open
 *
 * @typedef {object} OpenReplaced
 * @property {(name: string) => () => Promise<unknown>} create gives what takes the lock of a name and gives it back; one
 *   that is created again is another holder
 * @property {() => Promise<void>} close
 */

/** @type {Record<string, Replaced>} */
export const distributedLocks = {
  holdfast: {
    name: "holdfast/distributed-lock",
    open: (url) => openDistributedLocks(url, require("../../dist/compat/distributed-lock/index.js"), {}),
  },
  replaced: {
    name: "stand-in for @ndustrial/sequelize-distributed-lock",
    open: (url) => openDistributedLocks(url, StandIn, { client: "pg" }),
  },
};

async function openDistributedLocks(url, DistributedLock, params) {
  const pool = new pg.Pool({ connectionString: url });
  return {
    create(name) {
      const lock = new DistributedLock(name, { queryInterface: pool, ...params });
      return () => lock.lock();
    },
    close: () => pool.end(),
  };
}

/** @type {Record<string, Replaced>} */
export const mongoLocks = {
  holdfast: {
    name: "holdfast/mongo-distributed-locks",
    async open(url) {
      const client = await MongoClient.connect(url);
      const DLocks = require("../../dist/compat/mongo-distributed-locks/index.js");
      DLocks.configure({ connection: client });
      return openMongoLocks(DLocks, () => client.close());
    },
  },
  replaced: {
    name: "mongo-distributed-locks",
    async open(url) {
      const DLocks = require("mongo-distributed-locks");
      // It brings its own Mongoose, which connects in the way of its time.
      const mongoose = createRequire(require.resolve("mongo-distributed-locks"))("mongoose");
      await mongoose.connect(url, { useNewUrlParser: true, useUnifiedTopology: true, useCreateIndex: true });
      await mongoose.model("lock").init();
      return openMongoLocks(DLocks, () => mongoose.disconnect());
    },
  },
};

function openMongoLocks(DLocks, close) {
  return {
    create: (name) => () => DLocks.exec({ resource: "bench", id: name, fn: () => undefined }),
    close,
  };
}
