import { elsewhere } from "../hand-over/elsewhere.mjs";
import { judgeHandOvers } from "../hand-over/hand-overs.mjs";
import { titles } from "../plan.mjs";
import { drawBars } from "../scenarios/picture.mjs";
import { compare, show } from "./comparison.mjs";
import { listVerdicts } from "./verdicts.mjs";

/** What came of one measure of hand-overs on all backends, as a part of the page. */
export class HandOverSection {
  #measure;
  #ours;
  #others;
  verdicts;

  /**
   * @param {import("../hand-over/plan.mjs").Measure} measure
   * @param {import("../hand-over/hand-overs.mjs").Result[]} results
   */
  constructor(measure, results) {
    this.#measure = measure;
    this.#ours = results.filter(({ rival }) => rival === undefined);
    this.#others = [
      ...results
        .filter(({ rival }) => rival !== undefined)
        .map(({ backend, rival, ...others }) => ({ name: rival, beside: backend, isElsewhere: false, ...others })),
      ...elsewhere[measure.name].map((other) => ({ ...other, isElsewhere: true })),
    ];
    this.verdicts = judgeHandOvers(measure, results);
  }

  page() {
    const { title, name, note, figures } = this.#measure;
    const columns = figures.map((figure) => figure.title).join(" | ");
    const ruler = figures.map(() => "---:").join(" | ");
    return [
      `## ${title}`,
      "",
      note,
      "",
      `| holdfast | ${columns} |`,
      `| --- | ${ruler} |`,
      ...this.#ours.map((result) => `| ${titles[result.backend]} | ${this.#cells(result)} |`),
      "",
      `| Others | ${columns} | holdfast is |`,
      `| --- | ${ruler} | --- |`,
      ...this.#others.map(
        (other) => `| ${nameOf(other)} | ${other.reason ?? this.#cells(other)} | ${this.#ratio(other)} |`,
      ),
      "",
      ...listVerdicts(this.verdicts),
      `![${this.#caption()}](benchmarks/${name}.svg)`,
      "",
    ].join("\n");
  }

  pictures() {
    const main = this.#measure.figures[0].name;
    const bars = [
      ...this.#ours.map(({ backend, figures }) => ({
        name: `holdfast, ${titles[backend]}`,
        value: figures[main],
        isOurs: true,
      })),
      ...this.#others.map((other) => ({ name: nameOf(other), value: other.figures[main], isOurs: false })),
    ].filter(({ value }) => value !== undefined);
    const drawn = bars.map((bar) => ({ ...bar, value: [bar.value].flat().at(-1), text: show(bar.value) }));
    return [{ file: `${this.#measure.name}.svg`, picture: drawBars(this.#caption(), drawn) }];
  }

  #cells({ figures }) {
    return this.#measure.figures
      .map(({ name }) => (figures[name] === undefined ? "–" : show(figures[name])))
      .join(" | ");
  }

  /** By the first figure, and on the backend that the other one is on or nearest to. */
  #ratio({ beside, figures }) {
    const { name, isLessBetter } = this.#measure.figures[0];
    const own = this.#ours.find(({ backend }) => backend === beside)?.figures[name];
    const ratio = compare(own, figures[name], isLessBetter);
    return ratio && `${ratio} (${titles[beside]})`;
  }

  #caption() {
    const { title, figures } = this.#measure;
    return `${title} (${figures[0].title})`;
  }
}

function nameOf({ name, isElsewhere }) {
  return isElsewhere ? `${name}, measured elsewhere` : `${name}, in this run`;
}
