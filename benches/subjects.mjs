// Every file of subjects/ is one thing to measure: a module that exports what `Subject` says.

import { readdirSync } from "node:fs";
import { say } from "../scripts/step.mjs";

/**
 * @typedef {object} Subject
 * @property {string} name
 * @property {string} [backend] one that the plan knows
 * @property {string[]} [backends] several of them
 * @property {"package" | "peer" | "floor" | "ours"} role ratios are to the fastest peer; the floor is the least that the
 *   backend costs; a package is compared with for itself
 * @property {number} [every] so many rounds it is measured; it is not warmed up then
 * @property {number} [maxInFlight] what is more is not measured
 * @property {(keys: string[], folder: string, url: string | undefined) => Opened} open may put files into `folder`; the
 *   URL is that of the backend's server
 */

/**
 * The cycles are counted inside: in memory, a call for each would weigh as much as a tenth of it. They throw where a
 * free key is refused, or the release of a held one.
 *
 * @typedef {object} Opened
 * @property {(key: string, count: number) => Promise<void>} [cycles] acquires and releases a key, one after the other
 * @property {() => Promise<number>} [slice] in its place: measures by itself, in microseconds a cycle
 * @property {(key: string, count: number) => Promise<void>} [renewedCycles] the same, with a new lock for every cycle
 * @property {() => Promise<void> | void} close
 */

const order = ["package", "peer", "floor", "ours"];

/**
 * The subjects of a backend. One whose package cannot be loaded is left out.
 *
 * @param {string} backend
 * @returns {Promise<Subject[]>}
 */
export async function loadSubjects(backend) {
  const folder = new URL("subjects/", import.meta.url);
  const subjects = [];
  let areAll = true;
  for (const file of readdirSync(folder)) {
    try {
      subjects.push(await import(new URL(file, folder).href));
    } catch (error) {
      if (file.startsWith("holdfast")) {
        throw error;
      }
      areAll &&= error.code !== "ERR_MODULE_NOT_FOUND";
      say(`left out ${file.replace(".mjs", "")}: ${error.message.split("\n", 1)[0]}`);
    }
  }
  if (!areAll) {
    say("to have all, put right what kept them from being installed and delete benches/node_modules");
  }
  return subjects
    .filter((subject) => isOf(subject, backend))
    .sort((left, right) => order.indexOf(left.role) - order.indexOf(right.role));
}

/** Whether a subject works on a backend. */
function isOf({ backend, backends = [backend] }, wanted) {
  return backends.includes(wanted);
}
