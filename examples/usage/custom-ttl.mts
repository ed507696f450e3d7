// A lock with a time to live of its own.

import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { TimeSpan } from "holdfast/utilities";

const lockProvider = new LockProvider({ adapter: new MemoryLockAdapter() });

const lock = lockProvider.create("shared-resource", {
  // Default: that of the provider, which is 5 minutes unless it is given another
  ttl: TimeSpan.fromSeconds(30),
});
console.log("ttl:", String(lock.ttl));

const endless = lockProvider.create("shared-resource", {
  // It does not expire and must be released
  ttl: null,
});
console.log("ttl:", endless.ttl);

const short = lockProvider.create("shared-resource", {
  ttl: TimeSpan.fromMilliseconds(20),
});
await short.acquire();
console.log("ended by itself:", await endless.acquireBlocking());
await endless.release();

// Prints:
// ttl: 30s
// ttl: null
// ended by itself: true
