// Three contracts: creating locks, listening to them and using them.

import { LockProvider } from "holdfast/lock";
import { MemoryLockAdapter } from "holdfast/lock/adapters";
import { type ILock, type ILockListenable, type ILockProvider, LOCK_EVENTS } from "holdfast/lock/contracts";
import { TimeSpan } from "holdfast/utilities";

async function doWork(): Promise<void> {
  console.log("working");
}

async function lockFunc(lock: ILock): Promise<void> {
  await lock.run(async () => {
    await doWork();
  });
}

async function lockProviderFunc(lockProvider: ILockProvider): Promise<void> {
  // You cannot access the listener methods
  // @ts-expect-error You will get typescript error if you try
  void lockProvider.addListener;

  const lock = lockProvider.create("resource");
  await lockFunc(lock);
}

async function lockListenableFunc(lockListenable: ILockListenable): Promise<void> {
  // You cannot access the lockProvider methods
  // @ts-expect-error You will get typescript error if you try
  void lockListenable.create;

  await lockListenable.addListener(LOCK_EVENTS.ACQUIRED, (event) => {
    console.log("ACQUIRED:", event);
  });
  await lockListenable.addListener(LOCK_EVENTS.RELEASED, (event) => {
    console.log("RELEASED:", event);
  });
}

const lockProvider = new LockProvider({
  adapter: new MemoryLockAdapter(),
  defaultTtl: TimeSpan.fromSeconds(30),
});

await lockListenableFunc(lockProvider);
await lockProviderFunc(lockProvider);

// Prints:
// ACQUIRED: {
//   key: 'resource',
//   owner: '…',
//   ttl: TimeSpan { milliseconds: 30000 }
// }
// working
// RELEASED: { key: 'resource', owner: '…' }
