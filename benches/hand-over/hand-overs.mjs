// Measures hand-overs on each backend, and says what was asked of them.

import { say, throwIfInterrupted } from "../../scripts/step.mjs";
import { show } from "../document/comparison.mjs";
import { withFolder } from "../folder.mjs";
import { titles } from "../plan.mjs";
import { rivals } from "../scenarios/rivals.mjs";
import { withServer } from "../servers.mjs";
import { decide } from "../verdict.mjs";
import { places } from "./places.mjs";

/**
 * What came of one measure for one contestant.
 *
 * @typedef {object} Result
 * @property {string} backend
 * @property {string} [rival] another package; without it, it is ours
 * @property {Record<string, number | undefined>} figures
 * @property {string} [reason] why there are none
 */

/**
 * @param {import("./plan.mjs").Measure[]} measures
 * @param {number} seconds for which those are watched who wait
 * @returns {Promise<Map<import("./plan.mjs").Measure, Result[]>>}
 */
export async function measureHandOvers(measures, seconds) {
  const results = new Map(measures.map((measure) => [measure, []]));
  for (const [backend, open] of Object.entries(places)) {
    await withServer(backend, (url) =>
      withFolder(async (folder) => {
        const place = await open(url, folder);
        try {
          for (const measure of measures.filter((one) => backend !== "memory" || !one.isAcrossProcesses)) {
            for (const contestant of contestantsOf(measure, backend, place)) {
              results.get(measure).push(await measureOne(measure, backend, contestant, seconds));
            }
          }
        } finally {
          await place.close?.();
        }
      }),
    );
  }
  return results;
}

function contestantsOf({ isOfRivals = false }, backend, place) {
  const others = isOfRivals && backend === "redis" ? Object.keys(rivals).filter((rival) => rival !== "holdfast") : [];
  return [place, ...others.map((rival) => ({ rival, settings: place.settings }))];
}

async function measureOne(measure, backend, place, seconds) {
  throwIfInterrupted();
  const rival = rivals[place.rival]?.name;
  say(`${measure.title}: ${rival ?? titles[backend]}`);
  if (rival === undefined) {
    return { backend, figures: await measure.measure(place, seconds) };
  }
  try {
    return { backend, rival, figures: await measure.measure(place, seconds) };
  } catch (error) {
    return { backend, rival, figures: {}, reason: error.message };
  }
}

/**
 * @param {import("./plan.mjs").Measure} measure
 * @param {Result[]} results
 * @returns {import("../verdict.mjs").Verdict[]}
 */
export function judgeHandOvers({ title, figures }, results) {
  const ours = results.filter(({ rival }) => rival === undefined);
  return figures.flatMap((figure) => ours.flatMap((result) => judge(title, figure, result)));
}

function judge(measure, { name, title, asked }, { backend, figures }) {
  const limit = asked?.(backend);
  const measured = figures[name];
  // Where there is no server, there is none to count.
  if (limit === undefined || measured === undefined) {
    return [];
  }
  const { atMost, isBesideCommit = false } = limit;
  const beside = isBesideCommit ? ` + the commit of ${show(figures.commit)}` : "";
  const isMet = measured <= atMost + (isBesideCommit ? figures.commit : 0);
  return [decide(`${measure}, ${titles[backend]}, ${title}: at most ${atMost}${beside}`, show(measured), isMet)];
}
