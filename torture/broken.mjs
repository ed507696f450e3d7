// Builds that are broken on purpose, to see that each is caught. They are made of the library's own locks, used wrongly;
// the library has no switch for it.

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { TimeSpan } from "holdfast";

/** A lock that passes everything on; each broken one does something else instead. */
class PlainLock {
  /** @type {import("holdfast").ILock} */
  inner;
  ttl;
  /** A path for a file about the key. */
  path;

  constructor({ provider, key, ttl, folder, settings }) {
    this.inner = provider.create(key, settings);
    this.ttl = ttl;
    this.path = (what) => join(folder, `${key}.${what}`);
  }

  get key() {
    return this.inner.key;
  }

  get id() {
    return this.inner.id;
  }

  get fence() {
    return this.inner.fence;
  }

  get signal() {
    return null;
  }

  async acquire() {
    return this.inner.acquire();
  }

  async acquireBlocking({ time, interval }) {
    for (const end = performance.now() + time.toMilliseconds(); ; await setTimeout(interval.toMilliseconds())) {
      if (await this.acquire()) {
        return true;
      }
      if (performance.now() >= end) {
        return false;
      }
    }
  }

  async refresh(ttl) {
    return this.inner.refresh(ttl);
  }

  async release() {
    return this.inner.release();
  }

  async forceRelease() {
    return this.inner.forceRelease();
  }
}

/** The end of a lease is computed by the clock of its holder, and judged by the clock of whoever comes. */
class ClientClockLock extends PlainLock {
  constructor(parts) {
    super({ ...parts, settings: { ttl: null } });
  }

  async acquire() {
    if (!(await this.inner.acquire())) {
      if (!this.#isOver()) {
        return false;
      }
      await this.inner.forceRelease();
      if (!(await this.inner.acquire())) {
        return false;
      }
    }
    this.#prolong();
    return true;
  }

  async refresh() {
    const { type } = await this.inner.getState();
    if (type !== "ACQUIRED" || this.#isOver()) {
      return false;
    }
    this.#prolong();
    return true;
  }

  #prolong() {
    writeFileSync(this.path("end"), String(Date.now() + this.ttl));
  }

  #isOver() {
    return existsSync(this.path("end")) && Number(readFileSync(this.path("end"), "utf8")) <= Date.now();
  }
}

/** A release frees the key, whoever holds it by now. */
class CarelessReleaseLock extends PlainLock {
  async release() {
    return this.inner.forceRelease();
  }
}

/** A renewal that finds its lease gone takes the key again, and says nothing of those who had it meanwhile. */
class RevivingLock extends PlainLock {
  #fence = null;

  get fence() {
    return this.#fence;
  }

  async acquire() {
    const isAcquired = await this.inner.acquire();
    this.#fence = isAcquired ? this.inner.fence : this.#fence;
    return isAcquired;
  }

  async refresh(ttl) {
    return (await this.inner.refresh(ttl)) || this.inner.acquire();
  }
}

/** The counter of the fences is deleted with the lock. */
class ForgetfulFenceLock extends PlainLock {
  #fence = null;

  get fence() {
    return this.#fence;
  }

  async acquire() {
    if (!(await this.inner.acquire())) {
      return false;
    }
    const last = existsSync(this.path("fence")) ? BigInt(readFileSync(this.path("fence"), "utf8") || 0) : 0n;
    this.#fence = last + 1n;
    writeFileSync(this.path("fence"), String(this.#fence));
    return true;
  }

  async release() {
    rmSync(this.path("fence"), { force: true });
    return this.inner.release();
  }
}

/** Whoever waits does not hear of the release, and does not try again before its time is over. */
class DeafLock extends PlainLock {
  async acquireBlocking({ time }) {
    return super.acquireBlocking({ time, interval: TimeSpan.fromMilliseconds(time.toMilliseconds()) });
  }
}

/** What a broken lock says of itself is not of interest. */
const base = { adapter: "sqlite", kinds: [], keeping: 0 };
const late = { manners: { brief: 60, late: 20, "refreshing late": 20 } };

/**
 * @typedef {object} Broken
 * @property {string[]} caughtBy the checks of which at least one has to catch it
 * @property {Partial<import("./run.mjs").RunSettings>} run what it takes to show
 * @property {(parts: { provider: import("holdfast").LockProvider, key: string, ttl: number, folder: string }) =>
 *   import("./locks.mjs").TorturedLock} wrap
 */

/** @type {Record<string, Broken>} */
export const broken = {
  "client-clock": {
    caughtBy: ["exclusion"],
    run: { ...base, adapter: "redis", kinds: ["clock of a client stepped"] },
    wrap: (parts) => new ClientClockLock(parts),
  },
  "careless-release": {
    caughtBy: ["exclusion", "revival"],
    run: { ...base, ...late },
    wrap: (parts) => new CarelessReleaseLock(parts),
  },
  "reviving-renewal": {
    caughtBy: ["revival"],
    run: { ...base, ...late },
    wrap: (parts) => new RevivingLock(parts),
  },
  "forgetful-fence": {
    caughtBy: ["fence"],
    run: base,
    wrap: (parts) => new ForgetfulFenceLock(parts),
  },
  "lost-wake": {
    caughtBy: ["liveness"],
    // Few come, and rarely, so that nobody else takes what the one who waits has missed.
    run: {
      ...{ ...base, workers: 4, tasks: 1, keys: 1 },
      ...{ manners: { refreshing: 1 }, waiting: 1, waits: [8_000, 9_000], rests: [20_000, 20_000] },
    },
    wrap: (parts) => new DeafLock(parts),
  },
};
