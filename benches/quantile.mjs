/** The least of the values that this part of them does not exceed. */
export function quantile(values, part) {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(part * (sorted.length - 1))];
}

export function median(values) {
  return quantile(values, 0.5);
}
