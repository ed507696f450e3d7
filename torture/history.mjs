// What the workers have noted, put together. All times are in milliseconds of one clock.

import { episodeOf } from "./stalls.mjs";

/**
 * A lease, as its holder knew of it.
 *
 * @typedef {object} Grant
 * @property {string} id of the lock, which is granted once at most
 * @property {string} key
 * @property {number} worker
 * @property {bigint} fence
 * @property {number | undefined} sent when the request was sent that was granted, if that is known
 * @property {number} granted when the answer was there
 * @property {number} promisedUntil the lease lasts at least until then, unless it is given back
 * @property {number} heldLast when a request was sent that was answered "you hold it"
 * @property {number} [ended] when it was given back: when the request was sent
 * @property {number} [freed] when the answer was there that it was given back
 * @property {number} leaseEndsBefore the lease is over then, unless it was given back before
 * @property {number} [told] when the library said that it is lost
 * @property {{ sent: number, at: number, verb: string }} [lost] the first answer "you do not hold it"
 *
 * @typedef {object} Wait
 * @property {string} id
 * @property {string} key
 * @property {number} worker
 * @property {number} sent
 * @property {number} at
 *
 * @typedef {object} History
 * @property {Grant[]} grants in the order in which they became known
 * @property {Wait[]} waits those that came to an end
 * @property {object[]} errors
 * @property {object[]} hangs
 * @property {{ key: string, sent: number, at: number }[]} forced forced releases
 * @property {import("./checks.mjs").Episode[]} stalls when which worker stood still
 * @property {number[]} ended the workers that came to their end
 */

/**
 * @param {string[]} logs the last line of each may be torn
 * @param {number} ttl
 * @returns {History}
 */
export function readHistory(logs, ttl) {
  const history = { grants: [], waits: [], errors: [], hangs: [], forced: [], stalls: [], ended: [] };
  const grants = new Map();
  for (const log of logs) {
    for (const line of log.split("\n").slice(0, -1)) {
      const note = JSON.parse(line);
      const grant = grants.get(note.id);
      if (note.event === "granted") {
        grants.set(note.id, grantOf(note, ttl));
      } else if (note.event === "asks" && note.verb === "release" && grant !== undefined) {
        grant.ended = note.sent;
      } else if (note.event === "answer") {
        take(history, grant, note, ttl);
      } else if (note.event === "error") {
        history.errors.push(note);
        take(history, grant, { ...note, answer: undefined }, ttl);
      } else if (note.event === "told of loss" && grant !== undefined) {
        grant.told = note.at;
      } else if (note.event === "hang") {
        history.hangs.push(note);
      } else if (note.event === "stall") {
        history.stalls.push(episodeOf(note, note.worker));
      } else if (note.event === "end") {
        history.ended.push(note.worker);
      }
    }
  }
  history.grants = [...grants.values()].sort((one, other) => one.granted - other.granted);
  return history;
}

/** @returns {Grant} */
function grantOf({ id, key, worker, fence, sent, at }, ttl) {
  return {
    ...{ id, key, worker, fence: BigInt(fence), sent, granted: at },
    promisedUntil: sent === undefined ? at : sent + ttl,
    heldLast: at,
    leaseEndsBefore: at + ttl,
  };
}

/** What an answer tells. One of `undefined`: none came, and the request may have taken effect or not. */
function take(history, grant, { key, id, worker, verb, sent, at, answer }, ttl) {
  if (verb === "wait" && answer !== undefined) {
    history.waits.push({ id, key, worker, sent, at });
  } else if (verb === "forceRelease") {
    history.forced.push({ key, sent, at });
  } else if (grant !== undefined && (verb === "refresh" || verb === "release")) {
    if (answer === true) {
      grant.heldLast = sent;
    } else if (answer === false) {
      grant.lost ??= { sent, at, verb };
    }
    if (verb === "release") {
      grant.ended = sent;
      grant.freed = answer === true ? at : undefined;
    } else if (answer !== false) {
      grant.leaseEndsBefore = at + ttl;
      grant.promisedUntil = answer === true ? sent + ttl : grant.promisedUntil;
    }
  }
}
