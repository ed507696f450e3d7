// Creating a lock, acquiring and releasing it.

import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";

const lockProvider = new LockProvider({ adapter: new MemoryLockAdapter() });

const lock = lockProvider.create("shared-resource");

const hasAcquired = await lock.acquire();
if (hasAcquired) {
  try {
    // The critical section
    console.log("alone with the resource");
    console.log("somebody else acquires:", await lockProvider.create("shared-resource").acquire());
  } finally {
    await lock.release();
  }
}

// Alternatively you could write it as follows:
try {
  // This method will throw if the lock is not acquired
  await lock.acquireOrFail();
  // The critical section
  console.log("alone again");
} finally {
  await lock.release();
}

// Nothing happens until a method's result is awaited, or deferred.
const acquiring = lock.acquire();
console.log("locked:", await lock.isLocked());
acquiring.defer();
console.log("locked:", await lock.isLocked());
await lock.release();

// Prints:
// alone with the resource
// somebody else acquires: false
// alone again
// locked: false
// locked: true
