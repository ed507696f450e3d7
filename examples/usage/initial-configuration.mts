// A provider with all that is usually configured.

import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { Serde } from "holdfast/serde";
import { SuperJsonSerdeAdapter } from "holdfast/serde/adapters";
import { Namespace, TimeSpan } from "holdfast/utilities";

const serde = new Serde(new SuperJsonSerdeAdapter());

const lockProvider = new LockProvider({
  // How long locks live that are given no ttl of their own; null: until they are released.
  defaultTtl: TimeSpan.fromSeconds(2),

  serde,

  namespace: new Namespace("lock"),

  // You can choose the adapter to use
  adapter: new MemoryLockAdapter(),
});

const lock = lockProvider.create("shared-resource");
console.log(lock.key, String(lock.ttl));

// Prints:
// shared-resource 2s
