// Acquiring and releasing what nobody else wants, on a backend.

import { throwIfInterrupted } from "../scripts/step.mjs";
import { withFolder } from "./folder.mjs";
import { measure } from "./measure.mjs";
import { plan } from "./plan.mjs";
import { withServer } from "./servers.mjs";
import { loadSubjects } from "./subjects.mjs";

/**
 * @param {string} backend
 * @param {number} rounds
 * @param {(workload: import("./plan.mjs").Workload, timings: import("./measure.mjs").Timing[]) => void} tell called with
 *   each result as it comes
 */
export async function measureCycles(backend, rounds, tell) {
  const subjects = await loadSubjects(backend);
  await withServer(backend, async (url) => {
    for (const workload of plan[backend]) {
      throwIfInterrupted();
      const fitting = subjects.filter(({ maxInFlight = workload.inFlight }) => workload.inFlight <= maxInFlight);
      tell(workload, await withFolder((folder) => measure(fitting, workload, { folder, rounds, url })));
    }
  });
}
