// Holds a lock, has waited for one that is held elsewhere, and has nothing more to do: nothing is closed.

import { LockProvider, MongodbLockAdapter, TimeSpan } from "holdfast";

const [url = "", database = "", collectionName = ""] = process.argv.slice(2);
const provider = new LockProvider({ adapter: new MongodbLockAdapter({ url, database, collectionName }) });
const mine = await provider.create("mine", { ttl: TimeSpan.fromMinutes(10) }).acquire();
const theirs = await provider.create("theirs").acquireBlocking({ time: TimeSpan.fromMilliseconds(200) });
process.stdout.write(JSON.stringify({ mine, theirs }));
