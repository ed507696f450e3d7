import { types } from "node:util";
import type { SerdeTransformer } from "./contracts/serde-transformer";
import { RegExpBudget } from "./reg-exp-budget";

/** The kinds of values beyond JSON's own that a `Serde` handles unless it is told not to. */
export type SerdeValueKind =
  | "ArrayBuffer"
  | "Buffer"
  | "Uint8Array"
  | "Int8Array"
  | "Uint16Array"
  | "Int16Array"
  | "Uint32Array"
  | "Int32Array"
  | "BigUint64Array"
  | "BigInt64Array"
  | "Float32Array"
  | "Float64Array"
  | "Map"
  | "Set"
  | "BigInt"
  | "NaN"
  | "Infinity"
  | "Undefined"
  | "RegExp"
  | "Date"
  | "URL"
  | "URLSearchParams";

type ValueTransformer = Omit<SerdeTransformer<unknown, unknown>, "name">;

/** More digits than any sensible number has. Reading ten million of them takes seconds. */
const MAX_DIGITS = 100_000;

/**
 * How each kind is serialized. What is restored may come from outside, so every payload is checked.
 *
 * @internal
 */
export const VALUE_TRANSFORMERS: Readonly<Record<SerdeValueKind, ValueTransformer>> = {
  ArrayBuffer: transformer<ArrayBuffer>({
    isApplicable: types.isArrayBuffer,
    serialize: (buffer) => Buffer.from(buffer).toString("base64"),
    deserialize: arrayBuffer,
  }),
  Buffer: transformer<Buffer>({
    isApplicable: Buffer.isBuffer,
    serialize: (buffer) => buffer.toString("base64"),
    deserialize: bytes,
  }),
  Uint8Array: typedArray(Uint8Array),
  Int8Array: typedArray(Int8Array),
  Uint16Array: typedArray(Uint16Array),
  Int16Array: typedArray(Int16Array),
  Uint32Array: typedArray(Uint32Array),
  Int32Array: typedArray(Int32Array),
  BigUint64Array: typedArray(BigUint64Array),
  BigInt64Array: typedArray(BigInt64Array),
  Float32Array: typedArray(Float32Array),
  Float64Array: typedArray(Float64Array),
  Map: transformer<Map<unknown, unknown>>({
    isApplicable: types.isMap,
    serialize: (map) => [...map],
    deserialize: (entries) => new Map(checked(entries, areEntries, "the entries of a Map")),
  }),
  Set: transformer<Set<unknown>>({
    isApplicable: types.isSet,
    serialize: (set) => [...set],
    deserialize: (members) => new Set(checked(members, Array.isArray, "the members of a Set")),
  }),
  BigInt: transformer<bigint>({
    isApplicable: (value) => typeof value === "bigint",
    serialize: (value) => checked(String(value), isInteger, `at most ${MAX_DIGITS} digits of a BigInt`),
    deserialize: (digits) => BigInt(checked(digits, isInteger, "the digits of a BigInt")),
  }),
  NaN: transformer<number>({
    isApplicable: Number.isNaN,
    serialize: String,
    deserialize: (name) => Number(checked(name, (text) => text === "NaN", "the word NaN")),
  }),
  Infinity: transformer<number>({
    isApplicable: (value) => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY,
    serialize: String,
    deserialize: (name) =>
      Number(checked(name, (text) => text === "Infinity" || text === "-Infinity", "the word Infinity")),
  }),
  Undefined: transformer<undefined>({
    isApplicable: (value) => value === undefined,
    serialize: () => null,
    deserialize: () => undefined,
  }),
  RegExp: transformer<RegExp>({
    isApplicable: types.isRegExp,
    serialize: ({ source, flags }) => [source, flags],
    deserialize: (payload) => {
      const [source, flags] = checked(payload, isPairOfTexts, "the source and flags of a RegExp");
      new RegExpBudget().spend(source);
      return new RegExp(source, flags);
    },
  }),
  Date: transformer<Date>({
    isApplicable: types.isDate,
    serialize: (date) => (Number.isNaN(date.getTime()) ? null : date.toISOString()),
    deserialize: (text) =>
      text === null ? new Date(Number.NaN) : new Date(checked(text, isMoment, "the moment of a Date")),
  }),
  URL: transformer<URL>({
    isApplicable: (value) => value instanceof URL,
    serialize: String,
    deserialize: (text) => new URL(checked(text, isText, "the text of a URL")),
  }),
  URLSearchParams: transformer<URLSearchParams>({
    isApplicable: (value) => value instanceof URLSearchParams,
    serialize: String,
    deserialize: (text) => new URLSearchParams(checked(text, isText, "the text of URLSearchParams")),
  }),
};

function transformer<Value>(methods: Omit<SerdeTransformer<Value, unknown>, "name">): ValueTransformer {
  return methods as ValueTransformer;
}

function typedArray(TypedArray: {
  readonly name: string;
  new (buffer: ArrayBuffer): NodeJS.TypedArray;
}): ValueTransformer {
  return transformer<NodeJS.TypedArray>({
    isApplicable: (value) =>
      types.isTypedArray(value) && value[Symbol.toStringTag] === TypedArray.name && !Buffer.isBuffer(value),
    serialize: ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength).toString("base64"),
    deserialize: (text) => new TypedArray(arrayBuffer(text)),
  });
}

// A copy of its own, as a Buffer may be a part of a larger one, at any offset.
function arrayBuffer(text: unknown): ArrayBuffer {
  return new Uint8Array(bytes(text)).buffer;
}

function bytes(text: unknown): Buffer {
  const buffer = Buffer.from(checked(text, isText, "bytes in base64"), "base64");
  checked(text, () => buffer.toString("base64") === text, "bytes in base64");
  return buffer;
}

function areEntries(value: unknown): value is [unknown, unknown][] {
  return Array.isArray(value) && value.every((entry) => Array.isArray(entry) && entry.length === 2);
}

function isInteger(value: unknown): value is string {
  return isText(value) && value.length <= MAX_DIGITS && /^-?\d+$/.test(value);
}

function isMoment(value: unknown): value is string {
  return isText(value) && !Number.isNaN(Date.parse(value));
}

function isPairOfTexts(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every(isText);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function checked<Checked>(payload: unknown, isRight: (payload: unknown) => payload is Checked, what: string): Checked;
function checked(payload: unknown, isRight: (payload: unknown) => boolean, what: string): unknown;
function checked(payload: unknown, isRight: (payload: unknown) => boolean, what: string): unknown {
  if (isRight(payload)) {
    return payload;
  }
  throw new TypeError(`Expected ${what}`);
}
