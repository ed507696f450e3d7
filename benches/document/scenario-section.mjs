import { drawBars } from "../scenarios/picture.mjs";
import { compare, show } from "./comparison.mjs";

const ours = "holdfast";

/** What came of one scenario, as a part of the page. */
export class ScenarioSection {
  #scenario;
  #figures;

  /**
   * @param {import("../scenarios/scenarios.mjs").Scenario} scenario
   * @param {{ id: string, name: string, value: number | undefined, reason?: string }[]} figures
   */
  constructor(scenario, figures) {
    this.#scenario = scenario;
    this.#figures = figures;
  }

  page() {
    const { title, name, note, unit, isLessBetter } = this.#scenario;
    const own = this.#figures.find(({ id }) => id === ours)?.value;
    return [
      `## ${title}`,
      "",
      ...(note === undefined ? [] : [note, ""]),
      `| On Redis | ${unit} | holdfast is |`,
      "| --- | ---: | --- |",
      ...this.#figures.map(
        ({ id, name: rival, value, reason }) =>
          `| ${rival} | ${reason ?? show(value)} | ${id === ours ? "" : compare(own, value, isLessBetter)} |`,
      ),
      "",
      `![${title}](benchmarks/${name}.svg)`,
      "",
    ].join("\n");
  }

  pictures() {
    const { title, name, unit } = this.#scenario;
    const bars = this.#figures
      .filter(({ value }) => value !== undefined)
      .map(({ id, name: rival, value }) => ({ name: rival, value, text: show(value), isOurs: id === ours }));
    return [{ file: `${name}.svg`, picture: drawBars(`${title} (${unit})`, bars) }];
  }
}
