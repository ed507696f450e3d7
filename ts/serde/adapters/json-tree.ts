/** No message of people or programs is nested this deeply; code that walks a message may rely on it. */
const MAX_DEPTH = 500;

/** Keys by which a careless merge would reach the prototype of every object. The library refuses to write them. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Whether a value is an object as braces make it, with its keys for members. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Throws if arrays and plain objects are nested too deeply, or one has a key it must not have. */
export function checkTree(root: unknown): void {
  let level = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) {
      throw new RangeError(`It is nested more than ${MAX_DEPTH} levels deep`);
    }
    level = level.flatMap(membersOf).filter((member) => typeof member === "object" && member !== null);
  }
}

function membersOf(node: unknown): unknown[] {
  if (Array.isArray(node)) {
    return node;
  }
  if (!isPlainObject(node)) {
    return [];
  }
  const forbidden = Object.keys(node).find((key) => FORBIDDEN_KEYS.has(key));
  if (forbidden !== undefined) {
    throw new TypeError(`It has the key "${forbidden}", which would be a danger to every object`);
  }
  return Object.values(node);
}
