import { inspect } from "node:util";
import type { RegExpBudget } from "../reg-exp-budget";
import { isPlainObject } from "./json-text";

/** What the library writes beside the JSON: which values have to be restored, and as what. */
export interface SuperJsonMeta {
  /** Which rules paths are written by: 0, or left out, escapes dots only, 1 also backslashes. */
  readonly v?: unknown;
  /** A tree of annotations: `[kind]`, `[kind, children]`, or children, an object with paths for keys. */
  readonly values?: unknown;
  /** Which paths led to one and the same object. */
  readonly referentialEqualities?: unknown;
}

/** The typed arrays the library restores itself. */
const TYPED_ARRAYS: ReadonlySet<unknown> = new Set([
  "Int8Array",
  "Uint8Array",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "Uint8ClampedArray",
]);

/** The other kinds the library restores itself, and whether a payload can be one. */
const NATIVE_KINDS: ReadonlyMap<unknown, (payload: unknown) => boolean> = new Map<
  unknown,
  (payload: unknown) => boolean
>([
  ["undefined", (payload) => payload === null],
  ["bigint", (payload) => isText(payload) && /^-?\d{1,100000}$/.test(payload)],
  ["Date", (payload) => isText(payload) && !Number.isNaN(Date.parse(payload))],
  ["number", (payload) => isText(payload) && /^(NaN|-?Infinity|-0)$/.test(payload)],
  ["regexp", (payload) => isText(payload) && payload.startsWith("/")],
  ["URL", isText],
  ["set", Array.isArray],
  ["map", (payload) => Array.isArray(payload) && payload.every((entry) => Array.isArray(entry) && entry.length === 2)],
  ["Error", (payload) => isPlainObject(payload) && isText(payload.name) && isText(payload.message)],
]);

/** Whether the library writes typed arrays of this kind itself. */
export function isNativeTypedArray(array: ArrayBufferView): boolean {
  return TYPED_ARRAYS.has(array.constructor.name);
}

/**
 * Throws unless every annotation belongs to a value that is there, has not been annotated before, and can be of that
 * kind. The library itself follows any path, to inherited methods as well as far beyond the end of an array, and passes
 * over what it does not find.
 */
export class SuperJsonAnnotations {
  private readonly hasTransformer: (name: string) => boolean;
  private readonly regExps: RegExpBudget;
  private readonly escapesBackslashes: boolean;
  private readonly annotated = new Map<object, Set<string>>();

  constructor(version: 0 | 1, hasTransformer: (name: string) => boolean, regExps: RegExpBudget) {
    this.escapesBackslashes = version === 1;
    this.regExps = regExps;
    this.hasTransformer = hasTransformer;
  }

  /** Checks the annotations of a whole JSON value. */
  check(json: unknown, tree: unknown): void {
    this.visit({ json }, "json", tree);
  }

  private visit(holder: object, key: string, tree: unknown): void {
    if (!Array.isArray(tree)) {
      this.visitChildren(Reflect.get(holder, key), tree);
      return;
    }
    // Children first, as they are restored first: what they are in is no JSON any more once it is restored itself.
    const [kind, children = {}] = tree;
    const payload: unknown = Reflect.get(holder, key);
    this.visitChildren(payload, children);
    this.checkKind(kind, payload);
    const keys = this.annotated.get(holder) ?? new Set();
    this.annotated.set(holder, keys.add(key));
  }

  private visitChildren(node: unknown, children: unknown): void {
    if (!isPlainObject(children)) {
      throw new TypeError("It has annotations that are none");
    }
    for (const [path, tree] of Object.entries(children)) {
      const { holder, key } = this.follow(node, path);
      this.visit(holder, key, tree);
    }
  }

  private follow(start: unknown, path: string): { holder: object; key: string } {
    const segments = this.segments(path);
    const last = segments.pop() as string;
    const holder = segments.reduce<unknown>(
      (node, segment) => Reflect.get(this.holderOf(node, segment), segment),
      start,
    );
    return { holder: this.holderOf(holder, last), key: last };
  }

  private holderOf(node: unknown, key: string): object {
    const isThere = Array.isArray(node) ? Object.hasOwn(node, key) && key !== "length" : hasMember(node, key);
    if (isThere && !this.annotated.get(node as object)?.has(key)) {
      return node as object;
    }
    throw new TypeError(`It has annotations for a ${brief(key)} that is not there, or is restored already`);
  }

  private segments(path: string): string[] {
    const segments = [""];
    for (let index = 0; index < path.length; index += 1) {
      const isEscape =
        path[index] === "\\" && (path[index + 1] === "." || (path[index + 1] === "\\" && this.escapesBackslashes));
      if (isEscape) {
        index += 1;
      } else if (path[index] === ".") {
        segments.push("");
        continue;
      }
      segments[segments.length - 1] += path[index] as string;
    }
    return segments;
  }

  private checkKind(kind: unknown, payload: unknown): void {
    const [family, name] = Array.isArray(kind) ? kind : [];
    if (family === "custom") {
      if (!isText(name) || !this.hasTransformer(name)) {
        throw new TypeError(`It holds a ${brief(name)}, which is not registered here`);
      }
      return;
    }
    const isRight =
      family === "typed-array"
        ? TYPED_ARRAYS.has(name) && Array.isArray(payload)
        : NATIVE_KINDS.get(kind)?.(payload) === true;
    if (!isRight) {
      throw new TypeError(`It holds something that is no ${brief(kind)}`);
    }
    if (kind === "regexp") {
      this.regExps.spend(payload as string);
    }
  }
}

/**
 * Whether a value contained itself, by the paths that led to one and the same object.
 *
 * @param equalities As the library writes them: other paths by a first one; an array if the root is met again.
 */
export function isCircular(equalities: unknown): boolean {
  if (Array.isArray(equalities)) {
    return true;
  }
  return Object.entries(equalities ?? {}).some(([first, others]) => {
    const paths = [first, ...(Array.isArray(others) ? others.filter(isText) : [])];
    // With the least of all characters between segments, a path sorts right before the paths that go on from it.
    const sorted = paths.map((path) => path.replaceAll(".", "\0")).sort();
    return sorted.some((path, index) => sorted[index + 1]?.startsWith(`${path}\0`));
  });
}

function hasMember(node: unknown, key: string): boolean {
  return isPlainObject(node) && Object.hasOwn(node, key);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function brief(value: unknown): string {
  return inspect(value, { depth: 1, maxStringLength: 80, maxArrayLength: 3, breakLength: Number.POSITIVE_INFINITY });
}
