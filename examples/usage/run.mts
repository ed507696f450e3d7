// Acquiring, working and releasing in one call.

import { LazyPromise } from "holdfast/async";
import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { KeyAlreadyAcquiredLockError } from "holdfast/lock/contracts";
import { TimeSpan } from "holdfast/utilities";

const lockProvider = new LockProvider({ adapter: new MemoryLockAdapter() });

async function doWork(): Promise<string> {
  return "work done";
}

const lock = lockProvider.create("resource");

// A Result tells whether the lock was acquired
const result = await lock.run(async () => {
  return await doWork();
});
console.log("run:", result.type === "success" ? result.value : result.error);

// Throws an error when the lock cannot be acquired
const value = await lock.runOrFail(async () => {
  return await doWork();
});
console.log("runOrFail:", value);

const blockingResult = await lock.runBlocking(
  async () => {
    return await doWork();
  },
  {
    // You can provide the same configuration as in acquireBlocking method
    time: TimeSpan.fromMinutes(1),
    interval: TimeSpan.fromSeconds(1),
  },
);
console.log("runBlocking:", blockingResult.type === "success" ? blockingResult.value : blockingResult.error);

const blockingValue = await lock.runBlockingOrFail(
  async () => {
    return await doWork();
  },
  {
    // You can provide the same configuration as in acquireBlocking method
    time: TimeSpan.fromMinutes(1),
    interval: TimeSpan.fromSeconds(1),
  },
);
console.log("runBlockingOrFail:", blockingValue);

// What is run may be asynchronous, synchronous, an object with invoke or a LazyPromise
console.log("function:", await lock.runOrFail(() => 1));
console.log("object:", await lock.runOrFail({ invoke: () => 2 }));
console.log("LazyPromise:", await lock.runOrFail(new LazyPromise(async () => 3)));

// While somebody else holds the lock, nothing is run
await lockProvider.create("resource").runOrFail(async () => {
  const refused = await lock.run(doWork);
  console.log("run:", refused.type);
  try {
    await lock.runOrFail(doWork);
  } catch (error) {
    console.log("runOrFail:", error instanceof KeyAlreadyAcquiredLockError);
  }
  const refusedToo = await lock.runBlocking(doWork, { time: TimeSpan.fromMilliseconds(20) });
  console.log("runBlocking:", refusedToo.type);
  try {
    await lock.runBlockingOrFail(doWork, { time: TimeSpan.fromMilliseconds(20) });
  } catch (error) {
    console.log("runBlockingOrFail:", error instanceof KeyAlreadyAcquiredLockError);
  }
});

// Prints:
// run: work done
// runOrFail: work done
// runBlocking: work done
// runBlockingOrFail: work done
// function: 1
// object: 2
// LazyPromise: 3
// run: failure
// runOrFail: true
// runBlocking: failure
// runBlockingOrFail: true
