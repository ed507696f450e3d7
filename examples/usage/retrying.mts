// Trying again by a middleware, where somebody else holds the lock for a moment.

import { constantBackoffPolicy, retry } from "holdfast/async";
import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { KeyAlreadyAcquiredLockError } from "holdfast/lock/contracts";
import { TimeSpan } from "holdfast/utilities";

const lockProvider = new LockProvider({ adapter: new MemoryLockAdapter() });

// Left out, the waits grow from a second on.
const backoffPolicy = constantBackoffPolicy({ delay: TimeSpan.fromMilliseconds(50), jitter: null });

async function holdForMoment(): Promise<void> {
  await lockProvider.create("lock", { ttl: TimeSpan.fromMilliseconds(60) }).acquireOrFail();
}

const lock = lockProvider.create("lock");

// With acquireOrFail
await holdForMoment();
try {
  await lock.acquireOrFail().pipe(
    retry({
      maxAttempts: 4,
      errorPolicy: KeyAlreadyAcquiredLockError,
      backoffPolicy,
    }),
  );
  // The critical section
  console.log("acquireOrFail: acquired");
} finally {
  await lock.release();
}

// With acquire
await holdForMoment();
const hasAcquired = await lock.acquire().pipe(
  retry({
    maxAttempts: 4,
    errorPolicy: {
      treatFalseAsError: true,
    },
    backoffPolicy,
  }),
);
console.log("acquire:", hasAcquired);
if (hasAcquired) {
  try {
    // The critical section
  } finally {
    await lock.release();
  }
}

// With runOrFail
await holdForMoment();
await lock
  .runOrFail(async () => {
    // The critical section
    console.log("runOrFail: running");
  })
  .pipe(
    retry({
      maxAttempts: 4,
      errorPolicy: KeyAlreadyAcquiredLockError,
      backoffPolicy,
    }),
  );

// With run
await holdForMoment();
const result = await lock
  .run(async () => {
    // The critical section
    console.log("run: running");
  })
  .pipe(
    retry({
      maxAttempts: 4,
      errorPolicy: {
        treatFalseAsError: true,
      },
      backoffPolicy,
    }),
  );
console.log("run:", result.type);

// Prints:
// acquireOrFail: acquired
// acquire: true
// runOrFail: running
// run: running
// run: success
