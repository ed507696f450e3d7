/**
 * The longest delay of one Node timer, in milliseconds; a longer one would fire at once.
 *
 * @internal
 */
export const LONGEST_TIMER = 2_147_483_647;

/**
 * Resolves after a time of any length, or rejects with the signal's reason as soon as it is aborted. Either way it
 * leaves no timer and no listener behind.
 *
 * @param milliseconds Zero or more.
 * @internal
 */
export function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    let timer: NodeJS.Timeout;
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const sleep = (rest: number) => {
      if (rest > LONGEST_TIMER) {
        timer = setTimeout(sleep, LONGEST_TIMER, rest - LONGEST_TIMER);
        return;
      }
      timer = setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, rest);
    };
    sleep(milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
