// Holds as many locks as the second argument says, for as many milliseconds as the third does from when it is told, and
// tells what that took of the processor and of memory.

import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { LockProvider, TimeSpan } from "holdfast";

const [url = "", count = "", milliseconds = ""] = process.argv.slice(2);
const provider = new LockProvider({ adapter: url, defaultTtl: TimeSpan.fromSeconds(18), keepAlive: true });
const locks = Array.from({ length: Number(count) }, (_, number) => provider.create(`key ${number}`));
await provider.create("another").acquireOrFail();
const memoryBefore = process.memoryUsage().rss;

await Promise.all(locks.map((lock) => lock.acquireOrFail()));
process.send?.("holding");
await once(process, "message");
const { user, system } = process.cpuUsage();
await setTimeout(Number(milliseconds));
const since = process.cpuUsage({ user, system });
process.send?.({
  held: locks.filter((lock) => lock.state === "held").length,
  processorSeconds: (since.user + since.system) / 1e6,
  megabytes: (process.memoryUsage().rss - memoryBefore) / 2 ** 20,
});
await Promise.all(locks.map((lock) => lock.releaseOrFail()));
await provider.close();
