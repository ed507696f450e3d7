// A short time to live, and work that takes longer.

import { LazyPromise } from "holdfast/async";
import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { TimeSpan } from "holdfast/utilities";

const lockProvider = new LockProvider({ adapter: new MemoryLockAdapter() });

let partsLeft = 3;
async function doWork(): Promise<boolean> {
  partsLeft -= 1;
  console.log("parts left:", partsLeft);
  return partsLeft === 0;
}

const lock = lockProvider.create("resource", {
  ttl: TimeSpan.fromMinutes(1),
});

const hasAcquired = await lock.acquire();
if (hasAcquired) {
  try {
    while (true) {
      const isStillOurs = await lock.refresh(TimeSpan.fromMinutes(1));
      console.log("refreshed:", isStillOurs);
      const hasFinished = await doWork();
      if (hasFinished) {
        break;
      }
      await LazyPromise.delay(TimeSpan.fromMilliseconds(10));
    }
  } finally {
    await lock.release();
  }
}
console.log("refreshed after the release:", await lock.refresh());

// Prints:
// refreshed: true
// parts left: 2
// refreshed: true
// parts left: 1
// refreshed: true
// parts left: 0
// refreshed after the release: false
