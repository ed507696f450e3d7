import { setTimeout } from "node:timers/promises";

/** Waits until something is so, for as long as the test may take. */
export async function eventually(isSo: () => boolean | PromiseLike<boolean>): Promise<void> {
  while (!(await isSo())) {
    await setTimeout(10);
  }
}
