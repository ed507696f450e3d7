// What the subjects have in common whose locks are objects that acquire and release, and answer whether they did.

/**
 * @param {string[]} keys
 * @param {(key: string) => { acquire(): PromiseLike<boolean>, release(): PromiseLike<boolean> }} create
 * @param {() => Promise<void>} close
 * @returns {import("./subjects.mjs").Opened}
 */
export function openLocks(keys, create, close) {
  const locks = new Map(keys.map((key) => [key, create(key)]));
  return {
    async cycles(key, count) {
      const lock = locks.get(key);
      for (let left = count; left > 0; left -= 1) {
        refuse(!(await lock.acquire()), key);
        refuse(!(await lock.release()), key);
      }
    },
    async renewedCycles(key, count) {
      for (let left = count; left > 0; left -= 1) {
        const lock = create(key);
        refuse(!(await lock.acquire()), key);
        refuse(!(await lock.release()), key);
      }
    },
    close,
  };
}

function refuse(isWrong, key) {
  if (isWrong) {
    throw new Error(`"${key}" was free and could not be acquired, or was held and could not be released`);
  }
}
