// Keys and owners of several segments.

import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { Namespace } from "holdfast/utilities";

// The segments are joined by "/", or by what the namespace is told.
const namespace = new Namespace("lock", { keyDelimiter: "." });
console.log("stored as:", namespace.create(["resource", "1"]).namespaced);

const lockProvider = new LockProvider({
  namespace,
  adapter: new MemoryLockAdapter(),
});

const lock = lockProvider.create(["resource", "1"], {
  owner: ["user", "1"],
});
console.log("key:", lock.key);
console.log("owner:", await lock.getOwner());

await lock.acquire();
const sameResource = lockProvider.create(new Set(["resource", "1"]));
console.log("the same resource is locked:", await sameResource.isLocked());
const otherResource = lockProvider.create(["resource", "2"]);
console.log("another resource is locked:", await otherResource.isLocked());
await lock.release();

// Prints:
// stored as: lock:_rt:resource.1
// key: resource/1
// owner: user/1
// the same resource is locked: true
// another resource is locked: false
