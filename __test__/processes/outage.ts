import { setTimeout } from "node:timers/promises";
import { LockProvider } from "../../ts/lock";
import type { ILockAdapter } from "../../ts/lock/contracts";

/** Does something again and again until it is told to end, and collects the errors. */
export function repeatUntil(work: () => Promise<unknown>, errors: unknown[]): { end(): Promise<void> } {
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      await work().catch((error: unknown) => errors.push(error));
      await setTimeout(5);
    }
  })();
  return {
    end: () => {
      isOver = true;
      return running;
    },
  };
}

/** The next fence of a key, which is taken and given back for it. */
export async function nextFence(adapter: ILockAdapter, key: string): Promise<number> {
  const lock = new LockProvider({ adapter }).create(key);
  // The release of the last time may have been lost in a crash; a grant never is.
  await lock.forceRelease();
  await lock.acquireOrFail();
  const fence = Number(lock.fence);
  await lock.releaseOrFail();
  return fence;
}
