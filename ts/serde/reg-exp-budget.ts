/** How many characters regular expressions may have, all of one text together. */
const MAX_LENGTH = 100_000;

/**
 * How many property escapes, such as `\p{Letter}`, they may have. Each costs as much as thousands of other characters:
 * the whole of Unicode is looked through for it when the expression is made.
 */
const MAX_PROPERTY_ESCAPES = 100;

/** What the regular expressions of one text may cost. Text of a few megabytes could otherwise take hours. */
export class RegExpBudget {
  private length = 0;
  private propertyEscapes = 0;

  /** @throws RangeError if this one is too much, with those before it. */
  spend(text: string): void {
    this.length += text.length;
    if (this.length > MAX_LENGTH) {
      throw new RangeError(`Its regular expressions have more than ${MAX_LENGTH} characters`);
    }
    this.propertyEscapes += text.match(/\\p/gi)?.length ?? 0;
    if (this.propertyEscapes > MAX_PROPERTY_ESCAPES) {
      throw new RangeError(`Its regular expressions have more than ${MAX_PROPERTY_ESCAPES} property escapes`);
    }
  }
}
