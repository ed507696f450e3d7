// A fleet that is being deployed: processes of the replaced package and of this one on the same collection.

import { join } from "node:path";
import { MongoClient } from "mongodb";
import { expect, test } from "vitest";
import { Child } from "../processes/child";
import { makeFolder } from "../processes/folder";
import { FLEET_TIMEOUT, runFleet } from "./fleet";
import { databaseUrl } from "./mongodb";

const LOCKS = ["mongo-distributed-locks", "holdfast"];

test("old and new exclude each other, all get their turns, and nothing is left", {
  // A lock of the replaced package is fixed to two minutes, and is what a killed process may leave.
  timeout: FLEET_TIMEOUT + 10 * 120_000,
}, async () => {
  const url = databaseUrl("fleet");
  const client = await MongoClient.connect(url);
  const collection = client.db().collection("locks");
  const witness = join(makeFolder(), "witness");
  // What a killed process has left is made old enough, so that the test need not wait for it.
  const aging = setInterval(() => {
    const old = new Date(Date.now() - 120_000);
    collection
      .updateMany({ created: { $lt: new Date(Date.now() - 15_000) } }, { $set: { created: old } })
      .catch(() => {});
  }, 500);
  try {
    await runFleet(LOCKS, (kind) => {
      return new Child("../compat/mongo-fleet-member.mjs", [JSON.stringify({ kind, url, witness })], { talks: true });
    });
    await expect.poll(() => collection.countDocuments(), { timeout: 100_000 }).toBe(0);
  } finally {
    clearInterval(aging);
    await client.db().dropDatabase();
    await client.close();
  }
});
