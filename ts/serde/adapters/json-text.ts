/** No message of people or programs is nested this deeply; code that follows a message down may rely on it. */
const MAX_DEPTH = 500;

/** Keys by which a careless merge would reach the prototype of every object. The library refuses to write them. */
const FORBIDDEN_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

/** Whether a value is an object as braces make it, with its keys for members. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Throws if JSON text is nested too deeply. Found in the text because parsing millions of brackets takes seconds; text
 * that is no JSON may pass.
 */
export function checkNesting(text: string): void {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') {
      isInString = !isInString;
    } else if (isInString) {
      index += character === "\\" ? 1 : 0;
    } else if (character === "[" || character === "{") {
      depth += 1;
    } else if (character === "]" || character === "}") {
      depth -= 1;
    }
    if (depth > MAX_DEPTH) {
      throw new RangeError(`It is nested more than ${MAX_DEPTH} levels deep`);
    }
  }
}

/** Throws if an object in parsed JSON has a key it must not have. */
export function checkKeys(json: unknown): void {
  if (typeof json !== "object" || json === null) {
    return;
  }
  const forbidden = FORBIDDEN_KEYS.find((key) => Object.hasOwn(json, key));
  if (forbidden !== undefined) {
    throw new TypeError(`It has the key "${forbidden}", which would be a danger to every object`);
  }
  for (const member of Object.values(json)) {
    checkKeys(member);
  }
}
