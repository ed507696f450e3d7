// Who held what when: a row a lock, time from left to right, a letter a process.

const columns = 68;
const colours = [32, 33, 34, 35, 36, 31];
const inColour = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR;

/**
 * @param {string[]} keys
 * @param {string[]} workers
 * @param {import("./record.mjs").Section[]} sections
 * @param {import("./record.mjs").Kill | undefined} kill
 * @returns {string}
 */
export function drawTimeline(keys, workers, sections, kill) {
  const end = Math.max(...sections.map(({ leave }) => leave), 1);
  const width = Math.max(...keys.map((key) => key.length));
  const cellOf = (/** @type {number} */ instant) => Math.min(columns - 1, Math.floor((instant / end) * columns));

  const rows = keys.map((key) => {
    /** @type {string[]} */
    const cells = new Array(columns).fill(" ");
    for (const { worker, enter, leave } of sections.filter((section) => section.key === key)) {
      cells.fill(worker, cellOf(enter), cellOf(leave) + 1);
    }
    if (kill?.section.key === key) {
      cells.fill("-", cellOf(kill.at), cellOf(kill.at + kill.ttlLeft) + 1);
      cells[cellOf(kill.at)] = "X";
      const next = sections.find((section) => section.key === key && section.enter >= kill.at);
      if (next !== undefined) {
        cells[cellOf(next.enter)] = next.worker;
      }
    }
    return `${key.padEnd(width)}  ${cells.map((cell) => paint(cell, workers)).join("")}`;
  });
  return [`${" ".repeat(width)}  ${drawScale(end)}`, ...rows].join("\n");
}

/** @param {number} end */
function drawScale(end) {
  const marks = new Array(columns).fill(" ");
  for (let second = 0; second * 1_000 < end; second += 1) {
    const label = `${second}s`;
    const at = Math.floor(((second * 1_000) / end) * columns);
    if (at + label.length <= columns) {
      marks.splice(at, label.length, ...label);
    }
  }
  return marks.join("").trimEnd();
}

/**
 * @param {string} cell
 * @param {string[]} workers
 */
function paint(cell, workers) {
  const worker = workers.indexOf(cell);
  if (!inColour || cell === " ") {
    return cell;
  }
  if (cell === "X") {
    return `\u001B[1;37;41mX\u001B[0m`;
  }
  return worker < 0 ? `\u001B[2m${cell}\u001B[0m` : `\u001B[${colours[worker % colours.length]}m${cell}\u001B[0m`;
}
