// Hearing of what happens to the locks of a provider.

import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { LOCK_EVENTS } from "holdfast/lock/contracts";
import { TimeSpan } from "holdfast/utilities";

const lockProvider = new LockProvider({ adapter: new MemoryLockAdapter() });

// Will log whenever a lock is acquired
const unsubscribe = await lockProvider.subscribe(LOCK_EVENTS.ACQUIRED, (event) => {
  console.log(event);
});

const lock = lockProvider.create("resource", { ttl: TimeSpan.fromSeconds(30) });
await lock.acquire();
console.log("");
await lock.release();

await unsubscribe();
await lock.acquire();
await lock.release();
console.log("END");

// Prints:
// {
//   key: 'resource',
//   owner: '…',
//   ttl: TimeSpan { milliseconds: 30000 }
// }
//
// END
