// Every lock has an owner; no other can release it.

import { LazyPromise } from "holdfast/async";
import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { TimeSpan } from "holdfast/utilities";

const lockProvider = new LockProvider({ adapter: new MemoryLockAdapter() });

const lockA = lockProvider.create("resource");
const lockB = lockProvider.create("resource");

const promiseA = (async () => {
  const hasAcquired = await lockA.acquire();
  if (hasAcquired) {
    console.log("A acquired resource");
    // Auto generated
    console.log("Owner", await lockA.getOwner());
    await LazyPromise.delay(TimeSpan.fromMilliseconds(50));
    await lockA.release();
    console.log("A released resource");
  } else {
    console.log("A failed to acquire resource");
  }
})();
const promiseB = (async () => {
  const hasAcquired = await lockB.acquire();
  if (hasAcquired) {
    console.log("B acquired resource");
    // Auto generated
    console.log("Owner", await lockB.getOwner());
    await LazyPromise.delay(TimeSpan.fromMilliseconds(50));
    await lockB.release();
    console.log("B released resource");
  } else {
    console.log("B failed to acquire resource");
  }
})();

// Only one of locks can acquire the resource at a time.
await Promise.all([promiseA, promiseB]);

// The owner can be named, as for documents that users lock by hand.
const lockOfA = lockProvider.create("document", {
  owner: "A",
});
console.log("Owner", await lockOfA.getOwner());

const lockOfB = lockProvider.create("document", {
  owner: "B",
});
console.log("Owner", await lockOfB.getOwner());

await lockOfA.acquire();
console.log("B releases:", await lockOfB.release());
console.log("A releases:", await lockProvider.create("document", { owner: "A" }).release());

// Prints:
// A acquired resource
// B failed to acquire resource
// Owner …
// A released resource
// Owner A
// Owner B
// B releases: false
// A releases: true
