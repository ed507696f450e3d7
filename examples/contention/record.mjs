// What the workers reported, and what follows from it.

/**
 * @typedef {object} Section one stay in a critical section
 * @property {string} key
 * @property {string} worker
 * @property {number} enter milliseconds since the start
 * @property {number} leave the same; for a killed holder the moment it was killed
 */

/**
 * @typedef {object} Kill
 * @property {Section} section the one it happened in
 * @property {number} at milliseconds since the start
 * @property {number} ttlLeft how long the dead holder's lock had still to live
 */

export class Record {
  /** @type {Section[]} */
  sections = [];
  /** @type {((section: Section) => void) | undefined} hears of every section the moment it begins */
  onEnter;
  /** @type {Map<string, Section>} the section each worker is in */
  #open = new Map();
  #start = process.hrtime.bigint();

  /** @param {bigint} instant from process.hrtime.bigint() in any process of this machine */
  sinceStart(instant = process.hrtime.bigint()) {
    return Number(instant - this.#start) / 1e6;
  }

  /**
   * @param {string} worker
   * @param {{ event: string, key: string, at: string }} report
   */
  add(worker, { event, key, at }) {
    const instant = this.sinceStart(BigInt(at));
    if (event === "enter") {
      const section = { key, worker, enter: instant, leave: Number.POSITIVE_INFINITY };
      this.#open.set(worker, section);
      this.onEnter?.(section);
    } else {
      this.close(worker, instant);
    }
  }

  /** @param {string} worker */
  current(worker) {
    return this.#open.get(worker);
  }

  /**
   * @param {string} worker
   * @param {number} instant
   */
  close(worker, instant) {
    const section = this.#open.get(worker);
    if (section !== undefined) {
      this.sections.push({ ...section, leave: instant });
      this.#open.delete(worker);
    }
  }

  /** Pairs of sections of one key that ran at the same time. There must be none. */
  overlaps() {
    let count = 0;
    for (const [index, one] of this.sections.entries()) {
      for (const other of this.sections.slice(index + 1)) {
        if (one.key === other.key && one.enter < other.leave && other.enter < one.leave) {
          count += 1;
        }
      }
    }
    return count;
  }

  /**
   * The first section on the killed holder's key after the kill.
   *
   * @param {Kill} kill
   */
  successor({ section, at }) {
    return this.sections
      .filter(({ key, enter }) => key === section.key && enter >= at)
      .sort((left, right) => left.enter - right.enter)
      .at(0);
  }
}
