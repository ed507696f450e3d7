// How figures are written.

/** In words, because a ratio does not say which way round it is. */
export function compare(own, other, isLessBetter = false) {
  if (own === undefined || other === undefined || own <= 0 || other <= 0) {
    return "";
  }
  const ratio = isLessBetter ? other / own : own / other;
  return ratio >= 1 ? `${show(ratio)} × better` : `${show(1 / ratio)} × worse`;
}

export function show(value) {
  if (value === undefined) {
    return "not offered";
  }
  return Math.abs(value) >= 100 || Number.isInteger(value)
    ? Math.round(value).toLocaleString("en")
    : value.toPrecision(2);
}
