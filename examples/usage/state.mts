// Who holds a lock, and for how long.

import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { TimeSpan } from "holdfast/utilities";

const lockProvider = new LockProvider({ adapter: new MemoryLockAdapter() });
const lock = lockProvider.create("shared-resource", { ttl: TimeSpan.fromMinutes(30) });

async function printState(): Promise<void> {
  // Whether the lock is available for acquisition
  console.log("expired:", await lock.isExpired());

  // Whether the lock is in use, in other words acquired
  console.log("locked:", await lock.isLocked());

  // Null if nobody holds the lock, or if it has no expiration
  const remainingTime = await lock.getRemainingTime();
  console.log("remaining minutes:", remainingTime && Math.round(remainingTime.toMilliseconds() / 60_000));
}

await printState();
await lock.acquire();
await printState();
await lock.release();

// Prints:
// expired: true
// locked: false
// remaining minutes: null
// expired: false
// locked: true
// remaining minutes: 30
