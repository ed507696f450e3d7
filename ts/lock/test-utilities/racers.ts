/** Begins something for many owners at once. */
export function racers<T>(race: (owner: string) => PromiseLike<T>): PromiseLike<T>[] {
  return Array.from({ length: 20 }, (_, index) => race(`racer-${index}`));
}
