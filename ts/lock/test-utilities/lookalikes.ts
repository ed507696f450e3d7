/** Pairs of texts that a collation, or a database that trims, may take for one. */
export const LOOKALIKES = [
  ["in another case", "order", "Order"],
  ["with a space at the end", "order", "order "],
  ["without its accent", "ordré", "ordre"],
  ["composed otherwise", "ordr\u00e9", "ordre\u0301"],
  ["with a pattern in it", "order_1", "order%1"],
] as const;
