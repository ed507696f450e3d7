// Makes dts-bundle-generator fast. It asks for every declaration of every library whether each export of ours uses it,
// and walks the graph of usages anew for each answer: half a minute, growing with every public name. One walk from each
// export answers all those questions, the same way. The generator's version is pinned for the sake of this file.

import usageEvaluator from "dts-bundle-generator/dist/types-usage-evaluator.js";

const { TypesUsageEvaluator } = usageEvaluator;

/** By evaluator: what each symbol uses itself, and what was found to be used by each export asked for. */
const graphs = new WeakMap();

TypesUsageEvaluator.prototype.isSymbolUsedBySymbol = function (symbol, by) {
  const graph = graphs.get(this) ?? { uses: invert(this.nodesParentsMap), found: new Map() };
  graphs.set(this, graph);
  const user = this.getActualSymbol(by);
  const used = graph.found.get(user) ?? walk(graph.uses, user);
  graph.found.set(user, used);
  return used.has(this.getActualSymbol(symbol));
};

function invert(users) {
  const uses = new Map();
  for (const [used, everyUser] of users) {
    for (const user of everyUser) {
      const own = uses.get(user) ?? [];
      own.push(used);
      uses.set(user, own);
    }
  }
  return uses;
}

function walk(uses, start) {
  const reached = new Set([start]);
  for (const symbol of reached) {
    for (const used of uses.get(symbol) ?? []) {
      reached.add(used);
    }
  }
  return reached;
}
