/**
 * What was asked of the figures of a section, as a part of it.
 *
 * @param {import("../verdict.mjs").Verdict[]} verdicts
 * @returns {string[]} lines; none where nothing was asked
 */
export function listVerdicts(verdicts) {
  if (verdicts.length === 0) {
    return [];
  }
  const rows = verdicts.map(({ asked, measured, outcome }) => `| ${asked} | ${measured} | ${marked(outcome)} |`);
  return ["| Asked | came out | |", "| --- | ---: | --- |", ...rows, ""];
}

/**
 * All of them in short, and those by name that are not met.
 *
 * @param {import("../verdict.mjs").Verdict[]} verdicts
 */
export function summarize(verdicts) {
  const others = verdicts.filter(({ outcome }) => outcome !== "met");
  const count = `Of ${verdicts.length} figures that were asked for, ${verdicts.length - others.length} are met`;
  return others.length === 0 ? [`${count}.`, ""] : [`${count}; these are not:`, "", ...listVerdicts(others)];
}

function marked(outcome) {
  return outcome === "met" ? outcome : `**${outcome}**`;
}
