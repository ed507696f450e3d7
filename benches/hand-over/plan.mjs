// What is measured of how a key goes from one who holds it to those who wait, and what has to come out.

import { measureGaps, measureKill, measureThousand } from "./measures.mjs";

/**
 * @typedef {object} Measure
 * @property {string} name
 * @property {string} title
 * @property {string} note
 * @property {Figure[]} figures the first is the one that is drawn and compared by
 * @property {boolean} [isAcrossProcesses] what only one process reaches has no such thing
 * @property {boolean} [isOfRivals] the other packages on Redis are measured too
 * @property {(place: import("./places.mjs").Place, seconds: number) => Promise<Record<string, number | undefined>>} measure
 *
 * @typedef {object} Figure
 * @property {string} name
 * @property {string} title
 * @property {boolean} [isLessBetter]
 * @property {(backend: string) => Limit | undefined} [asked]
 *
 * @typedef {object} Limit
 * @property {number} atMost
 * @property {boolean} [isBesideCommit] the commit is added to it
 */

const gap = { name: "gap", title: "gap, the median (ms)", isLessBetter: true };
const gap99 = { name: "gap99", title: "gap, 99 of 100 below (ms)", isLessBetter: true };
const perSecond = { name: "perSecond", title: "hand-overs a second" };
const commit = { name: "commit", title: "a commit there (ms)" };
const commands = { name: "commands", title: "commands a second at the server", isLessBetter: true };
const cpu = { name: "cpu", title: "% of a core", isLessBetter: true };
const memory = { name: "memory", title: "KiB a waiter", isLessBetter: true };
const late = { name: "late", title: "ms from the end of the lease to the grant, the median", isLessBetter: true };
const gapNote = "A gap is the time from a release until the next has entered; the sections are empty.";

const gapsOfOne = {
  memory: { atMost: 1 },
  sqlite: { atMost: 1 },
  redis: { atMost: 1 },
  postgres: { atMost: 3, isBesideCommit: true },
  mariadb: { atMost: 3, isBesideCommit: true },
};

const gapsOfFour = {
  sqlite: { atMost: 5 },
  redis: { atMost: 5 },
  postgres: { atMost: 5, isBesideCommit: true },
  mongodb: { atMost: 5, isBesideCommit: true },
};

/** @type {Measure[]} */
export const measures = [
  {
    name: "one-process",
    title: "A key for which a hundred wait in one process",
    note: gapNote,
    figures: [perSecond, { ...gap, asked: (backend) => gapsOfOne[backend] }, gap99, commit],
    isOfRivals: true,
    measure: (place) => measureGaps(place, 1),
  },
  {
    name: "four-processes",
    title: "A key for which twenty-five wait in each of four processes",
    note: gapNote,
    figures: [
      perSecond,
      { ...gap, asked: (backend) => gapsOfFour[backend] },
      gap99,
      {
        name: "longest",
        title: "longest wait, as a multiple of the mean",
        isLessBetter: true,
        asked: (backend) => (Object.hasOwn(gapsOfFour, backend) ? { atMost: 3 } : undefined),
      },
      commit,
    ],
    isAcrossProcesses: true,
    isOfRivals: true,
    measure: (place) => measureGaps(place, 4),
  },
  {
    name: "thousand-waiters",
    title: "A key that stays held, and for which a thousand wait in one process",
    note: "Counted by the server's own statistics, in transactions on PostgreSQL; commands that scripts call are not counted. In memory and in a file there is no server. What others on Redis send for a hundred who wait is measured below.",
    figures: [{ ...commands, asked: () => ({ atMost: 2 }) }, { ...cpu, asked: () => ({ atMost: 3 }) }, memory],
    measure: measureThousand,
  },
  {
    name: "killed-holder",
    title: "A key whose holder is killed, with a ttl of 2 s",
    note: "Another process waits for it. Of three kills; negative would be too early. Others on Redis are measured below.",
    figures: [late, { name: "latest", title: "the latest", isLessBetter: true, asked: () => ({ atMost: 60 }) }],
    isAcrossProcesses: true,
    measure: measureKill,
  },
];
