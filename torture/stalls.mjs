// An event loop that stood still, as on a machine that is busy with something else.

const everyMs = 100;
const latenessMs = 250;

/**
 * Tells from when until when nothing was done here, each time that was for longer than a busy loop takes. It keeps no
 * process alive.
 *
 * @param {() => number} now
 * @param {(stall: { from: number, until: number }) => void} tell
 * @returns {NodeJS.Timeout} to be cleared
 */
export function noticeStalls(now, tell) {
  let last = now();
  const timer = setInterval(() => {
    const from = last;
    last = now();
    if (last - from > everyMs + latenessMs) {
      tell({ from, until: last });
    }
  }, everyMs);
  return timer.unref();
}

/**
 * What a stall is to those who judge a history.
 *
 * @param {{ from: number, until: number }} stall
 * @param {number} [worker] whose it was; undefined: nobody was heard, and nobody heard anything
 * @returns {import("./checks.mjs").Episode}
 */
export function episodeOf({ from, until }, worker) {
  return { kind: "stall", codes: [], endsPromises: false, isDeafening: true, worker, from, until };
}
