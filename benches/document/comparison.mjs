// How figures are written.

/**
 * In words, because a ratio does not say which way round it is. Of a range, the better end counts for whoever it is of.
 *
 * @param {number | undefined} own
 * @param {number | [number, number] | undefined} other
 */
export function compare(own, other, isLessBetter = false) {
  const rival = Array.isArray(other) ? (isLessBetter ? Math.min(...other) : Math.max(...other)) : other;
  if (own === undefined || rival === undefined || own <= 0 || rival <= 0) {
    return "";
  }
  const ratio = isLessBetter ? rival / own : own / rival;
  return ratio >= 1 ? `${show(ratio)} × better` : `${show(1 / ratio)} × worse`;
}

/** @param {number | [number, number] | undefined} value two are a range */
export function show(value) {
  if (value === undefined) {
    return "not offered";
  }
  if (Array.isArray(value)) {
    return value.map(show).join("–");
  }
  return Math.abs(value) >= 100 || Number.isInteger(value)
    ? Math.round(value).toLocaleString("en")
    : value.toPrecision(2);
}
