import { wait } from "../../async/wait";
import type { Promisable } from "../../utilities";

/** In milliseconds. Only a test that fails waits this long, so it can be longer than any pause of a busy machine. */
const PATIENCE = 30_000;

/** Waits until a condition holds, and fails if it does not come to. */
export async function until(condition: () => Promisable<boolean>, what: string): Promise<void> {
  const begun = performance.now();
  while (!(await condition())) {
    if (performance.now() - begun > PATIENCE) {
      throw new Error(`Waited ${PATIENCE / 1000} seconds in vain until ${what}`);
    }
    await wait(2);
  }
}

/** What a promise is rejected with; fails if it is not. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<unknown> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (failure === undefined) {
    throw new Error("The promise was fulfilled, and should have been rejected");
  }
  return failure.error;
}
