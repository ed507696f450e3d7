// What was asked of a figure, beside what came out.

/**
 * @typedef {object} Verdict
 * @property {string} asked
 * @property {string} measured
 * @property {"met" | "not met" | "not measured"} outcome
 */

/**
 * @param {string} asked
 * @param {string} measured
 * @param {boolean | undefined} isMet undefined: there is nothing to say it by
 * @returns {Verdict}
 */
export function decide(asked, measured, isMet) {
  return { asked, measured, outcome: isMet === undefined ? "not measured" : isMet ? "met" : "not met" };
}

/** @param {Verdict} verdict */
export function describeVerdict({ asked, measured, outcome }) {
  return `${asked}: ${measured}, ${outcome}`;
}
