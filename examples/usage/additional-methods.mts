// The owner of a lock, the methods that throw instead of answering false, and release by force.

import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { isLockError } from "holdfast/lock/contracts";
import { TimeSpan } from "holdfast/utilities";

const lockProvider = new LockProvider({ adapter: new MemoryLockAdapter() });

const lock = lockProvider.create("resource");

console.log("Owner", await lock.getOwner());

await lock.acquireBlockingOrFail({
  // You can provide the same configuration as in acquireBlocking method
  time: TimeSpan.fromMinutes(1),
  interval: TimeSpan.fromSeconds(1),
});
console.log("acquired");

await lock.refreshOrFail();
console.log("refreshed");

await lock.releaseOrFail();
console.log("released");

async function printFailure(failing: PromiseLike<void>): Promise<void> {
  try {
    await failing;
  } catch (error) {
    console.log(isLockError(error) ? error.name : error);
  }
}

const rival = lockProvider.create("resource");
await rival.acquire();
await printFailure(lock.acquireBlockingOrFail({ time: TimeSpan.fromMilliseconds(20) }));
await printFailure(lock.refreshOrFail());
await printFailure(lock.releaseOrFail());

// Regardless of its current owner
console.log("released by force:", await lock.forceRelease());
console.log("released by force:", await lock.forceRelease());

// Prints:
// Owner …
// acquired
// refreshed
// released
// KeyAlreadyAcquiredLockError
// UnownedRefreshLockError
// UnownedReleaseLockError
// released by force: true
// released by force: false
