// Waiting for a lock.

import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { TimeSpan } from "holdfast/utilities";

const lockProvider = new LockProvider({ adapter: new MemoryLockAdapter() });

async function doWork(): Promise<void> {
  console.log("working");
}

// Somebody holds the resource, and never gives it back.
await lockProvider.create("resource", { ttl: TimeSpan.fromMilliseconds(100) }).acquire();

const lock = lockProvider.create("resource");

const hasAcquired = await lock.acquireBlocking({
  // Time to wait 1 minute
  time: TimeSpan.fromMinutes(1),
  // Interval to try to acquire the lock
  interval: TimeSpan.fromMilliseconds(20),
});
if (hasAcquired) {
  try {
    await doWork();

    const tooLate = await lockProvider.create("resource").acquireBlocking({
      time: TimeSpan.fromMilliseconds(60),
      interval: TimeSpan.fromMilliseconds(20),
    });
    // Logged when the time is over
    console.log("acquired while it is held:", tooLate);
  } finally {
    await lock.release();
  }
}
console.log("END");

// Prints:
// working
// acquired while it is held: false
// END
