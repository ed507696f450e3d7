import { titles } from "../plan.mjs";
import { judge } from "../report.mjs";
import { drawBars } from "../scenarios/picture.mjs";
import { compare, show } from "./comparison.mjs";
import { listVerdicts } from "./verdicts.mjs";

const kinds = { package: "", peer: "", floor: " (no lock)", ours: "" };

/** How fast the locks of one backend are acquired and released, as a part of the page. */
export class CyclesSection {
  #backend;
  /** @type {import("../report.mjs").Result[]} */
  #results = [];

  /** @param {string} backend */
  constructor(backend) {
    this.#backend = backend;
  }

  add(workload, timings) {
    this.#results.push({ workload, timings });
  }

  get verdicts() {
    return this.#results.flatMap((result) => judge(titles[this.#backend], result, this.#results));
  }

  page() {
    const lines = [`## ${titles[this.#backend]}: acquire and release`, ""];
    for (const { workload, timings } of this.#results) {
      const own = cyclesOf(timings.find(({ subject }) => subject.role === "ours"));
      lines.push(`| ${capitalized(workload.name)} | cycles a second | holdfast is |`, "| --- | ---: | --- |");
      for (const timing of timings) {
        const { name, role } = timing.subject;
        const ratio = role === "ours" ? "" : compare(own, cyclesOf(timing));
        lines.push(`| ${name}${kinds[role]} | ${show(cyclesOf(timing))} | ${ratio} |`);
      }
      lines.push("");
    }
    lines.push(...listVerdicts(this.verdicts));
    lines.push(...this.pictures().map(({ title, file }) => `![${title}](benchmarks/${file})`), "");
    return lines.join("\n");
  }

  /** One for each way to use them. */
  pictures() {
    return this.#results.map(({ workload, timings }, number) => {
      const title = `${titles[this.#backend]}, ${workload.name} (cycles a second)`;
      const bars = timings.map((timing) => ({
        name: timing.subject.name,
        value: cyclesOf(timing),
        text: show(cyclesOf(timing)),
        isOurs: timing.subject.role === "ours",
      }));
      return { title, file: `${this.#backend}-${number + 1}.svg`, picture: drawBars(title, bars) };
    });
  }
}

/** A second, by the median of all slices. */
function cyclesOf(timing) {
  return timing === undefined ? undefined : 1e6 / timing.median;
}

function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
