import { LONGEST_TIMER } from "./turns";

/** The answer, or `undefined` if none came within that many milliseconds. What comes later is left to others. */
export async function within<T>(answer: Promise<T>, milliseconds: number): Promise<T | undefined> {
  answer.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.min(milliseconds, LONGEST_TIMER), undefined);
  });
  try {
    return await Promise.race([answer, over]);
  } finally {
    clearTimeout(timer);
  }
}
