// What the locks are to protect, and do not know of: a number for each key, twice. One of them takes every write; the
// other refuses those that come with a lower fence than it has seen.

/**
 * A write of the number that takes every one, over one that its writer had not read, when neither was late.
 *
 * @typedef {{ key: string, fence: string, at: number, over: number[] }} LostUpdate with the times of what it was written over
 *
 * @typedef {object} Register
 * @property {number} plain
 * @property {number} guarded
 * @property {bigint} highest the highest fence seen
 * @property {number[]} writes when there was one, of either kind
 * @property {number} lastOverrun the number of the last write by somebody whose lease was over
 */

export class Store {
  /** @type {Map<string, Register>} */
  #registers = new Map();
  #now;
  writes = 0;
  /** Overwritten in the number that takes every write. */
  lost = 0;
  /**
   * Of these, those for which no holder was late: the lock has not protected them.
   *
   * @type {LostUpdate[]}
   */
  unprotected = [];
  /** Writes with a fence that was overtaken. */
  refused = 0;
  /** Overwritten in the number that is guarded by the fence. */
  lostGuarded = [];

  /** @param {() => number} now */
  constructor(now) {
    this.#now = now;
  }

  /** Answers what a worker asks. */
  answer({ verb, key, fence, found, validUntil }) {
    const register = this.#register(key);
    return verb === "read"
      ? this.#read(register, BigInt(fence))
      : this.#write(key, register, BigInt(fence), found, validUntil);
  }

  #read(register, fence) {
    if (fence > register.highest) {
      register.highest = fence;
    }
    const { plain, guarded, writes } = register;
    return { plain, guarded, writes: writes.length };
  }

  #write(key, register, fence, found, validUntil) {
    const at = this.#now();
    const isOverrun = at >= validUntil;
    const over = register.writes.slice(found.writes);
    this.writes += 1;
    register.writes.push(at);
    if (isOverrun) {
      register.lastOverrun = register.writes.length;
    }
    if (register.plain !== found.plain) {
      this.lost += 1;
      if (!isOverrun && register.lastOverrun <= found.writes) {
        this.unprotected.push({ key, fence: String(fence), at, over });
      }
    }
    register.plain = found.plain + 1;
    if (fence < register.highest) {
      this.refused += 1;
      return { isRefused: true };
    }
    register.highest = fence;
    if (register.guarded !== found.guarded) {
      this.lostGuarded.push({ key, fence: String(fence), at });
    }
    register.guarded = found.guarded + 1;
    return { isRefused: false };
  }

  #register(key) {
    let register = this.#registers.get(key);
    if (register === undefined) {
      register = { plain: 0, guarded: 0, highest: 0n, writes: [], lastOverrun: 0 };
      this.#registers.set(key, register);
    }
    return register;
  }
}
