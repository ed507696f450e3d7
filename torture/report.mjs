// What is printed in the end.

const shown = 10;

/** @param {import("./run.mjs").Verdict} verdict */
export function isClean({ violations, lostUpdates, hangs, unexplained }) {
  return [violations, lostUpdates, hangs, unexplained].every((findings) => findings.length === 0);
}

/** @param {import("./run.mjs").Verdict[]} verdicts */
export function drawReport(verdicts) {
  const kinds = [
    ...new Set(verdicts.flatMap(({ injected, missing }) => [...Object.keys(injected), ...Object.keys(missing)])),
  ];
  const rows = [
    ["injected", ...verdicts.map(({ adapter }) => adapter)],
    ...kinds.map((kind) => [`  ${kind}`, ...verdicts.map(({ injected }) => String(injected[kind] ?? "–"))]),
    ["seen", ...verdicts.map(({ seconds }) => `${Math.round(seconds)} s`)],
    line("  grants", verdicts, ({ grants }) => grants),
    line("  writes", verdicts, ({ store }) => store.writes),
    line("  overwritten by late holders, unguarded", verdicts, ({ store }) => store.overwritten),
    line("  late writes refused by the fence", verdicts, ({ store }) => store.refused),
    ["wrong", ...verdicts.map((verdict) => (isClean(verdict) ? "nothing" : "see below"))],
    line("  violations", verdicts, ({ violations }) => violations.length),
    line("  lost updates", verdicts, ({ lostUpdates }) => lostUpdates.length),
    line("  hangs", verdicts, ({ hangs }) => hangs.length),
    line("  unexplained errors", verdicts, ({ unexplained }) => unexplained.length),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const table = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join("  "),
  );
  return [...table, "", ...drawMissing(verdicts), ...verdicts.flatMap(drawFindings)].join("\n");
}

function line(title, verdicts, count) {
  return [title, ...verdicts.map((verdict) => String(count(verdict)))];
}

/** Why there is a dash in the table. */
function drawMissing(verdicts) {
  return verdicts.flatMap(({ adapter, missing }) => {
    const reasons = new Set(Object.values(missing));
    const kindsOf = (reason) => Object.keys(missing).filter((kind) => missing[kind] === reason);
    return [...reasons].map(
      (reason) => `not injected into ${adapter}, because ${reason}: ${kindsOf(reason).join("; ")}`,
    );
  });
}

function drawFindings({ adapter, violations, lostUpdates, hangs, unexplained, evidence }) {
  const findings = Object.entries({
    violation: violations.map(({ check, text }) => `${check}: ${text}`),
    "lost update": lostUpdates,
    hang: hangs,
    "unexplained error": unexplained,
  }).flatMap(([what, findings]) => [
    ...findings.slice(0, shown).map((finding) => `${what} of ${adapter}: ${finding}`),
    ...(findings.length > shown ? [`${what} of ${adapter}: and ${findings.length - shown} more`] : []),
  ]);
  return evidence === undefined ? findings : [...findings, `the logs of ${adapter} are in ${evidence}`];
}
