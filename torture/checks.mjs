// What must not be in a history, whatever was done to those who made it.

/**
 * When a fault was there.
 *
 * @typedef {object} Episode
 * @property {string} kind
 * @property {number} [worker] the only one it met; undefined: all
 * @property {number} from
 * @property {number} until
 * @property {string[]} codes of the errors it explains
 * @property {boolean} endsPromises
 * @property {boolean} isDeafening whether a worker could not hear what it was told
 *
 * @typedef {{ check: string, text: string }} Finding
 */

/** Expiry is judged by a clock in whole milliseconds that runs a little off the one that is read here. */
const clockToleranceMs = 50;
/** By so much is one late who is told, on a busy machine; twice as much as is needed for a stall to be noted. */
const deafnessMs = 500;
/** How long the answer to a request may have been under way that was not timed. */
const longestAnswerMs = 500;
/** How long after its end a fault can still be felt: connections are made anew, answers come late. */
const recoveryMs = 4_000;
/** A waiter is granted a free key within an interval. More than that is for a slow machine. */
const slackMs = 3_000;
/** A stall that is shorter is part of that. */
const longStallMs = 1_000;

/**
 * @param {import("./history.mjs").History} history
 * @param {{ episodes: Episode[], ttl: number, interval: number }} circumstances
 * @returns {Finding[]}
 */
export function check(history, circumstances) {
  const findings = [];
  for (const [key, grants] of groupByKey(history.grants)) {
    findings.push(
      ...checkExclusion(grants, (grant) => promiseEnd(grant, history, circumstances)),
      ...checkOrder(grants),
      ...checkBelief(grants, history.forced, circumstances.episodes),
      ...checkEarlyLoss(grants, (grant) => promiseEnd(grant, history, circumstances)),
      ...checkWaits(
        history.waits.filter((wait) => wait.key === key),
        grants,
        circumstances,
      ),
    );
  }
  return findings;
}

/** Errors that no fault explains. */
export function unexplained(errors, episodes) {
  return errors.filter(
    ({ worker, sent, at, code }) =>
      !episodes.some(
        (episode) =>
          (episode.worker ?? worker) === worker &&
          episode.codes.includes(code) &&
          at >= episode.from &&
          sent <= episode.until + recoveryMs,
      ),
  );
}

/**
 * Whether an update was lost because a lease was ended that its holder had been promised: the holder who lost it, or one
 * whose write it was written over. A lease that is renewed may have been for long in between.
 */
export function isByBreak({ key, at, over }, { forced }, { episodes, ttl }) {
  const breaks = [
    ...forced.filter((release) => release.key === key),
    ...episodes.filter(({ endsPromises }) => endsPromises).map(({ from, until }) => ({ sent: from, at: until })),
  ];
  // Whoever wrote was in a lease by their own knowledge, and what was promised before a break is over a ttl after it.
  return [at, ...over].some((written) => breaks.some((end) => end.sent < written && written < end.at + 2 * ttl));
}

/** Until when a holder could rely on its lease, not counting what it knew of only later. */
function promiseEnd(grant, { forced }, { episodes }) {
  const breaks = [
    ...forced.filter(({ key, at }) => key === grant.key && at > begun(grant)).map(({ sent }) => sent),
    ...episodes.filter(({ endsPromises, until }) => endsPromises && until > begun(grant)).map(({ from }) => from),
  ];
  const promised = Math.min(grant.promisedUntil - clockToleranceMs, ...breaks);
  return Math.min(Math.max(promised, grant.heldLast), grant.ended ?? Number.POSITIVE_INFINITY);
}

/** The lease did not begin before. */
function begun({ sent, granted }) {
  return sent ?? granted - longestAnswerMs;
}

/** No two holders can rely on their leases at the same time. */
function checkExclusion(grants, endOf) {
  const findings = [];
  let last;
  for (const grant of grants) {
    const end = endOf(grant);
    if (end <= grant.granted) {
      continue;
    }
    if (last !== undefined && grant.granted < last.end) {
      findings.push({
        check: "exclusion",
        text: `${describe(grant)} while ${describe(last.grant)} had ${round(last.end - grant.granted)} ms left`,
      });
    }
    if (last === undefined || end > last.end) {
      last = { grant, end };
    }
  }
  return findings;
}

/** Fences grow with the grants, and nobody holds a key, by any answer, after a higher fence was given out. */
function checkOrder(grants) {
  const findings = [];
  const byFence = grants.toSorted((one, other) => (one.fence < other.fence ? -1 : one.fence > other.fence ? 1 : 0));
  let latest;
  for (const [index, grant] of byFence.entries()) {
    if (byFence[index - 1]?.fence === grant.fence) {
      findings.push({ check: "fence", text: `${describe(grant)}, and so was ${describe(byFence[index - 1])}` });
    }
    if (latest !== undefined && latest.at > grant.granted && latest.grant.fence !== grant.fence) {
      const what = latest.isRequest ? "was asked for" : "was held";
      findings.push({
        check: latest.isRequest || latest.grant.granted > grant.granted ? "fence" : "revival",
        text: `${describe(latest.grant)} and ${what} ${round(latest.at - grant.granted)} ms after ${describe(grant)}`,
      });
    }
    for (const [at, isRequest] of [
      [grant.heldLast === grant.granted ? undefined : grant.heldLast, false],
      [grant.sent, true],
    ]) {
      if (at !== undefined && (latest === undefined || at > latest.at)) {
        latest = { at, grant, isRequest };
      }
    }
  }
  return findings;
}

/** A holder is told of its loss before the next one relies on the lock, unless it was kept from listening. */
function checkBelief(grants, forced, episodes) {
  const findings = [];
  const believing = grants.filter(({ told, ended }) => told !== undefined || ended !== undefined);
  for (const [index, grant] of believing.entries()) {
    const until = Math.min(grant.told ?? Number.POSITIVE_INFINITY, grant.ended ?? Number.POSITIVE_INFINITY);
    const next = believing.find(({ fence }, other) => other > index && fence > grant.fence);
    if (next === undefined || until - next.granted <= deafnessMs) {
      continue;
    }
    const isExcused = [
      ...forced.filter(({ key }) => key === grant.key).map(({ sent, at }) => ({ from: sent, until: at })),
      ...episodes.filter(({ worker, isDeafening }) => isDeafening && (worker ?? grant.worker) === grant.worker),
    ].some((episode) => episode.from < until && episode.until > begun(grant));
    if (!isExcused) {
      findings.push({
        check: "belief",
        text: `${describe(grant)} and was not told of its loss for ${round(until - next.granted)} ms after ${describe(next)}`,
      });
    }
  }
  return findings;
}

/** A lease lasts as long as was promised. */
function checkEarlyLoss(grants, endOf) {
  return grants
    .filter(({ lost, ...grant }) => lost !== undefined && lost.at < endOf({ ...grant, ended: undefined }))
    .map((grant) => ({
      check: "early loss",
      text: `${describe(grant)} and not there any more ${round(grant.lost.at - grant.granted)} ms later, says ${grant.lost.verb}`,
    }));
}

/** Nobody waits for a key that is free. */
function checkWaits(waits, grants, { episodes, ttl, interval }) {
  const patience = interval + slackMs;
  // Whoever stood still goes on at once, with nothing to recover. It need not be the one who waits: another may have been
  // granted the key, and not have come to note it.
  const disturbed = episodes
    .filter(({ kind, from, until }) => kind !== "stall" || until - from > longStallMs)
    .map(({ kind, from, until }) => ({ from, until: kind === "stall" ? until : until + recoveryMs + ttl }));
  const findings = [];
  for (const wait of waits.filter(({ sent, at }) => at - sent > patience)) {
    const before = grants.filter(({ granted }) => granted <= wait.sent);
    let freeSince = Math.max(wait.sent, ...before.map(freeAfter));
    for (const next of [...grants.filter(({ granted }) => granted > wait.sent && granted < wait.at), undefined]) {
      const until = next?.granted ?? wait.at;
      const idle = longestCalm(freeSince, until, disturbed);
      if (idle > patience) {
        findings.push({
          check: "liveness",
          text: `"${wait.key}" was free for ${round(idle)} ms until ${round(until)}, and worker ${wait.worker} waited for it`,
        });
        break;
      }
      freeSince = next === undefined ? until : Math.max(freeSince, freeAfter(next));
    }
  }
  return findings;
}

function freeAfter({ freed, leaseEndsBefore }) {
  return Math.min(freed ?? Number.POSITIVE_INFINITY, leaseEndsBefore + clockToleranceMs);
}

/** The longest time between two instants in which no fault was felt. */
function longestCalm(from, until, disturbed) {
  let longest = 0;
  let calmSince = from;
  for (const episode of disturbed.toSorted((one, other) => one.from - other.from)) {
    longest = Math.max(longest, Math.min(episode.from, until) - calmSince);
    calmSince = Math.max(calmSince, episode.until);
  }
  return Math.max(longest, until - calmSince);
}

function groupByKey(grants) {
  const groups = new Map();
  for (const grant of grants) {
    const group = groups.get(grant.key) ?? [];
    groups.set(grant.key, group);
    group.push(grant);
  }
  return groups;
}

function describe({ key, worker, fence, granted }) {
  return `"${key}" was granted to worker ${worker} at ${round(granted)} with fence ${fence}`;
}

function round(milliseconds) {
  return Math.round(milliseconds);
}
