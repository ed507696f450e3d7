// A fleet that is being deployed: processes of the replaced package and of this one on the same table.

import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Child } from "../processes/child";
import { makeFolder } from "../processes/folder";
import { FLEET_TIMEOUT, runFleet } from "./fleet";
import { openHandle } from "./handles.mjs";

const DistributedLock: typeof import("holdfast/distributed-lock") = createRequire(import.meta.url)(
  "holdfast/distributed-lock",
);
/** In seconds. Far longer than a section on a busy machine, so that only those of the killed outlast it. */
const TTL = 15;

test.each(["sequelize postgres", "knex postgres", "pg postgres"])(
  "old and new exclude each other over %s, all get their turns, and nothing is left",
  { timeout: FLEET_TIMEOUT },
  async (name) => {
    const folder = makeFolder();
    const table = `fleet_${process.pid}_${name.split(" ")[0]}`;
    const handle = openHandle(name, "");
    const settings = { handle: name, table, witness: join(folder, "witness"), ttl: TTL, sleepMilliseconds: 100 };
    try {
      await runFleet(["stand-in", "holdfast"], (kind) => {
        const order = JSON.stringify({ ...settings, kind });
        return new Child("../compat/fleet-member.mjs", [order], { talks: true });
      });
      const lock = new DistributedLock("shared", {
        queryInterface: handle.queryInterface,
        lockTableName: table,
        lockTTLSeconds: TTL,
      });
      await lock.lock();
      expect(await handle.query(`SELECT * FROM ${table}`)).toEqual([]);
    } finally {
      await handle.query(`DROP TABLE IF EXISTS ${table}`);
      await handle.close();
    }
  },
);
