import { titles } from "../plan.mjs";
import { drawBars } from "../scenarios/picture.mjs";
import { decide } from "../verdict.mjs";
import { compare, show } from "./comparison.mjs";
import { listVerdicts } from "./verdicts.mjs";

const ours = "holdfast";

/** What came of one scenario, as a part of the page. */
export class ScenarioSection {
  #scenario;
  #results;

  /**
   * @param {import("../scenarios/scenarios.mjs").Scenario} scenario
   * @param {{ id: string, name: string, figures?: Record<string, number | undefined>, reason?: string }[]} results a
   *   contestant each; without figures it cannot do it, or there is a reason
   */
  constructor(scenario, results) {
    this.#scenario = scenario;
    this.#results = results;
  }

  get verdicts() {
    const { title, figures } = this.#scenario;
    return figures
      .filter(({ asked }) => asked !== undefined)
      .map(({ asked: { atLeast = 0, atMost = Number.POSITIVE_INFINITY, because }, ...figure }) => {
        const limit = atLeast > 0 ? `at least ${show(atLeast)}` : `at most ${show(atMost)}`;
        const own = this.#own(figure);
        const isMet = own === undefined ? undefined : own >= atLeast && own <= atMost;
        return decide(`${title}, ${figure.title}: ${limit} (${because})`, show(own), isMet);
      });
  }

  page() {
    const { title, note, backend, figures } = this.#scenario;
    return [
      `## ${title}`,
      "",
      ...(note === undefined ? [] : [note, ""]),
      `| ${titles[backend]} | ${figures.map((figure) => `${figure.title} | holdfast is`).join(" | ")} |`,
      `| --- | ${figures.map(() => "---: | ---").join(" | ")} |`,
      ...this.#results.map((result) => `| ${result.name} | ${this.#cells(result)} |`),
      "",
      ...listVerdicts(this.verdicts),
      ...this.pictures().map(({ caption, file }) => `![${caption}](benchmarks/${file})`),
      "",
    ].join("\n");
  }

  /** One for each figure. */
  pictures() {
    const { title, name, figures } = this.#scenario;
    return figures.map((figure) => {
      const caption = `${title} (${figure.title})`;
      const bars = this.#results
        .map((result) => ({ ...result, value: result.figures?.[figure.name] }))
        .filter(({ value }) => value !== undefined)
        .map(({ id, name: bar, value }) => ({ name: bar, value, text: show(value), isOurs: id === ours }));
      return { caption, file: `${name}-${figure.name}.svg`, picture: drawBars(caption, bars) };
    });
  }

  #cells({ id, figures, reason }) {
    return this.#scenario.figures
      .map((figure) => {
        const value = figures?.[figure.name];
        const ratio = id === ours ? "" : compare(this.#own(figure), value, figure.isLessBetter);
        return `${reason ?? show(value)} | ${ratio}`;
      })
      .join(" | ");
  }

  #own({ name }) {
    return this.#results.find(({ id }) => id === ours)?.figures?.[name];
  }
}
