import { types } from "node:util";
import { InvalidInputError } from "../../utilities/errors";
import { DeserializationSerdeError, SerializationSerdeError } from "../contracts/errors";
import type { IFlexibleSerdeAdapter } from "../contracts/serde";
import type { NamedSerdeTransformer } from "../contracts/serde-transformer";
import { RegExpBudget } from "../reg-exp-budget";
import { checkKeys, checkNesting, isPlainObject } from "./json-text";
import { isCircular, isNativeTypedArray, SuperJsonAnnotations, type SuperJsonMeta } from "./super-json-annotations";
import { createSuperJson, type SuperJsonTransformer } from "./super-json-library";

/** Settings of {@link SuperJsonSerdeAdapter}. */
export interface SuperJsonSerdeAdapterSettings {
  /** How many characters serialized text may have, in both directions; `Infinity` allows any. Default: 10 million. */
  maxLength?: number | undefined;
}

/** JSON, and what has to be restored in it. */
interface Envelope {
  readonly json: unknown;
  readonly meta?: SuperJsonMeta;
}

type Transformer = NamedSerdeTransformer<unknown, unknown>;

interface RegisteredTransformer extends SuperJsonTransformer {
  isApplicable(value: unknown): boolean;
}

/**
 * Serializes to text in the format of the library `superjson`: JSON, and beside it which values are more than JSON.
 *
 * An object that occurs twice arrives as two, as with JSON. What would not arrive as what it is, is refused: functions,
 * symbols, circular structures, and instances of classes that are not registered and have no `toJSON`.
 *
 * It is safe to restore text from outside: damaged or forged text ends in an error, reaches no prototype, and costs a few
 * seconds at most. For that, the regular expressions in one text may have 100,000 characters in all, and 100 property
 * escapes such as `\p{Letter}`.
 */
export class SuperJsonSerdeAdapter implements IFlexibleSerdeAdapter<string> {
  private readonly superJson = createSuperJson({
    findApplicable: (value) => this.find(value),
    findByName: (name) => this.transformers.get(name),
  });
  private readonly maxLength: number;
  private readonly transformers = new Map<string, RegisteredTransformer>();
  private newestFirst: readonly RegisteredTransformer[] = [];
  /** Of the text that is being restored, with all that is wrapped up in it. */
  private regExps = new RegExpBudget();

  /**
   * Loads the library.
   *
   * @throws InvalidInputError if a setting cannot be used.
   * @throws SerdeError if the library cannot be loaded: it is not installed, or Node.js is older than 20.19 or 22.12.
   */
  constructor(settings: SuperJsonSerdeAdapterSettings = {}) {
    this.maxLength = settings.maxLength ?? 10_000_000;
    if (typeof this.maxLength !== "number" || !(this.maxLength > 0)) {
      throw new InvalidInputError("maxLength must be a number of characters greater than zero");
    }
  }

  /** @throws SerializationSerdeError if the value, or something in it, has no serialized form, or it is too large. */
  serialize(value: unknown): string {
    try {
      const text = JSON.stringify(this.pack(value));
      this.checkSize(text);
      return text;
    } catch (error) {
      throw error instanceof SerializationSerdeError
        ? error
        : new SerializationSerdeError(`Cannot serialize the value${because(error)}`, error);
    }
  }

  /**
   * Restores a value. Its type is claimed, not checked: validate what comes from outside.
   *
   * @throws DeserializationSerdeError if it cannot be restored.
   */
  deserialize<Value>(text: string): Value {
    try {
      if (typeof text !== "string") {
        throw new TypeError("It is not a string");
      }
      this.checkSize(text);
      const envelope: unknown = JSON.parse(text);
      checkKeys(envelope);
      this.regExps = new RegExpBudget();
      return this.unpack(envelope) as Value;
    } catch (error) {
      throw error instanceof DeserializationSerdeError
        ? error
        : new DeserializationSerdeError(`Cannot deserialize the text${because(error)}`, error);
    }
  }

  /**
   * Serializes the values a transformer applies to. A name that is registered again is replaced. If several apply to a
   * value, the one registered last is used.
   */
  registerCustom<Value, Payload>(transformer: NamedSerdeTransformer<Value, Payload>): void {
    const { name } = transformer;
    this.transformers.delete(name);
    this.transformers.set(name, {
      name,
      isApplicable: (value) => transformer.isApplicable(value),
      serialize: (value) => this.packPayload(transformer as Transformer, value),
      deserialize: (payload) => this.unpackPayload(transformer as Transformer, payload),
    });
    this.newestFirst = [...this.transformers.values()].reverse();
  }

  private find(value: unknown): RegisteredTransformer | undefined {
    const transformer = this.newestFirst.find((candidate) => candidate.isApplicable(value));
    if (transformer === undefined && !arrivesAsItIs(value)) {
      throw new SerializationSerdeError(
        `Cannot serialize ${describe(value)}; register its class with registerClass, or a transformer with registerCustom`,
      );
    }
    return transformer;
  }

  private pack(value: unknown): Envelope {
    const { json, meta } = this.superJson.serialize(value);
    // The library would restore shared objects by their place after it has restored the Maps and Sets they are in, which
    // moves their members: they would end up in the place of others. So they stay apart, and cycles are impossible.
    if (isCircular(meta?.referentialEqualities)) {
      throw new SerializationSerdeError("Cannot serialize a value that contains itself");
    }
    return meta?.values === undefined ? { json } : { json, meta: { values: meta.values, v: meta.v } };
  }

  private unpack(envelope: unknown): unknown {
    if (!isPlainObject(envelope) || !Object.hasOwn(envelope, "json")) {
      throw new TypeError("It is not what serialize returns");
    }
    const { json, meta = {} } = envelope;
    if (!isPlainObject(meta) || isCircular(meta.referentialEqualities)) {
      throw new TypeError("It contains itself, or annotations that are none");
    }
    const { values, v = 0 } = meta;
    if (values === undefined) {
      return json;
    }
    if (v !== 0 && v !== 1) {
      throw new TypeError("It was written by a later version of superjson");
    }
    new SuperJsonAnnotations(v, (name) => this.transformers.has(name), this.regExps).check(json, values);
    return this.superJson.deserialize({ json, meta: { values, v } }, { inPlace: true });
  }

  // What a transformer returns may hold more than JSON too. The library looks into it only where the value itself was
  // one it looks into, and then only if it is an array or an object; everything else gets an envelope of its own.
  private packPayload(transformer: Transformer, value: unknown): unknown {
    let payload: unknown;
    try {
      payload = transformer.serialize(value);
    } catch (error) {
      throw new SerializationSerdeError(`Cannot serialize a "${transformer.name}"${because(error)}`, error);
    }
    if (isLookedInto(value)) {
      const isBare = Array.isArray(payload) || (isPlainObject(payload) && !isEnvelope(payload));
      return isBare ? payload : { json: payload, meta: {} };
    }
    if (typeof payload === "string" || typeof payload === "boolean") {
      return payload;
    }
    const { json, meta } = this.pack(payload);
    return meta === undefined && !isEnvelope(json) ? json : { json, meta: meta ?? {} };
  }

  private unpackPayload(transformer: Transformer, payload: unknown): unknown {
    const unpacked = isEnvelope(payload) ? this.unpack(payload) : payload;
    try {
      const value = transformer.deserialize(unpacked);
      if (types.isRegExp(value)) {
        this.regExps.spend(value.source);
      }
      return value;
    } catch (error) {
      throw new DeserializationSerdeError(`Cannot deserialize a "${transformer.name}"${because(error)}`, error);
    }
  }

  private checkSize(text: string): void {
    if (text.length > this.maxLength) {
      throw new RangeError(`It has ${text.length} characters; maxLength allows ${this.maxLength}`);
    }
    checkNesting(text);
  }
}

function isEnvelope(payload: unknown): boolean {
  return isPlainObject(payload) && Object.keys(payload).sort().join() === "json,meta";
}

function isLookedInto(value: unknown): boolean {
  return (
    Array.isArray(value) ||
    isPlainObject(value) ||
    value instanceof Map ||
    value instanceof Set ||
    value instanceof Error
  );
}

// For values no transformer applies to: whether the library, or JSON, does them justice.
function arrivesAsItIs(value: unknown): boolean {
  if (typeof value !== "object" || value === null) {
    return typeof value !== "function" && typeof value !== "symbol";
  }
  if (ArrayBuffer.isView(value)) {
    return isNativeTypedArray(value);
  }
  return (
    isLookedInto(value) ||
    value instanceof RegExp ||
    value instanceof URL ||
    typeof (value as { toJSON?: unknown }).toJSON === "function"
  );
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) {
    return `a ${typeof value}`;
  }
  return `an instance of ${value.constructor?.name || "a class without a name"}`;
}

function because(error: unknown): string {
  return error instanceof Error ? `: ${error.message}` : "";
}
