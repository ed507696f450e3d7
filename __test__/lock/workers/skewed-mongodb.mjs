// What a host with a clock of its own gets to see: tries a key that is held, takes one that is free, and tells.

import { MongodbLockAdapter, TimeSpan } from "holdfast";

const [url = "", database = "", collectionName = ""] = process.argv.slice(2);
const adapter = new MongodbLockAdapter({ url, database, collectionName });
const tookHeld = await adapter.acquire("held", "skewed", TimeSpan.fromSeconds(5));
const tookFree = await adapter.acquire("free", "skewed", TimeSpan.fromSeconds(60));
const refreshed = await adapter.refresh("free", "skewed", TimeSpan.fromSeconds(60));
const state = await adapter.getState("free");
const remaining = (state?.expiration?.getTime() ?? 0) - Date.now();
process.stdout.write(JSON.stringify({ now: Date.now(), tookHeld, tookFree, refreshed, remaining }));
await adapter.close();
