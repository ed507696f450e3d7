// A process that hands a lock over, or takes one that another process handed over. What it knows of the other is a file.

import { readFileSync, writeFileSync } from "node:fs";
import { LockProvider, Namespace, Serde, SqliteLockAdapter, SuperJsonSerdeAdapter, TimeSpan } from "holdfast";

const [order = "", url = "", file = ""] = process.argv.slice(2);
const serde = new Serde(new SuperJsonSerdeAdapter());
const namespace = new Namespace("jobs", { keyDelimiter: "|" });

if (order === "give") {
  const provider = new LockProvider({ adapter: new SqliteLockAdapter({ url }), serde, namespace });
  const lock = provider.create(["report", "1"], { owner: "giver", ttl: TimeSpan.fromHours(1) });
  await lock.acquireOrFail();
  writeFileSync(file, serde.serialize({ lock }));
  console.log(String(lock.fence));
} else {
  const provider = new LockProvider({ adapter: url, serde, namespace });
  /** @type {{ lock: import("holdfast").ILock }} */
  const { lock } = serde.deserialize(readFileSync(file, "utf8"));
  const isRefused = !(await provider.create(["report", "1"]).acquire());
  const { type } = await lock.getState();
  const facts = { key: lock.key, owner: lock.id, ttl: String(lock.ttl), fence: String(lock.fence), isRefused, type };
  console.log(JSON.stringify({ ...facts, isReleased: await lock.release() }));
}
