import { InvalidInputError } from "../utilities/errors";
import { type OneOrMore, toArray } from "../utilities/one-or-more";
import { TimeSpan } from "../utilities/time-span";
import { classTransformer } from "./class-transformer";
import type { IFlexibleSerde, IFlexibleSerdeAdapter } from "./contracts/serde";
import type { SerdeTransformer, SerializableClass } from "./contracts/serde-transformer";
import { type SerdeValueKind, VALUE_TRANSFORMERS } from "./value-transformers";

export type { SerdeValueKind } from "./value-transformers";

/**
 * Settings of {@link Serde}. `shouldHandleDate: false` leaves dates to the adapter, which may know them itself or refuse
 * them; so for every other kind. Default: all are `true`.
 */
export type SerdeSettings = { readonly [Kind in SerdeValueKind as `shouldHandle${Kind}`]?: boolean | undefined };

/**
 * Serializes values, and restores them as what they were: JSON's own kinds, the {@link SerdeValueKind} kinds,
 * `TimeSpan`, and whatever is registered. Both sides must have the same registered.
 */
export class Serde<Serialized = unknown> implements IFlexibleSerde<Serialized> {
  private readonly adapter: IFlexibleSerdeAdapter<Serialized>;

  /**
   * @param adapter Makes the serialized form. It must not be shared with another `Serde`, as they would share what is
   * registered.
   * @throws InvalidInputError if there is no adapter.
   */
  constructor(adapter: IFlexibleSerdeAdapter<Serialized>, settings: SerdeSettings = {}) {
    if (typeof adapter?.registerCustom !== "function") {
      throw new InvalidInputError("A Serde needs an adapter; pass one such as new SuperJsonSerdeAdapter()");
    }
    this.adapter = adapter;
    for (const [kind, transformer] of Object.entries(VALUE_TRANSFORMERS)) {
      if (settings[`shouldHandle${kind as SerdeValueKind}`] !== false) {
        this.registerCustom({ name: kind, ...transformer }, "core");
      }
    }
    this.registerCustom({ ...classTransformer(TimeSpan), name: "TimeSpan" });
  }

  /** @throws SerializationSerdeError if the value, or something in it, has no serialized form. */
  serialize<Value>(value: Value): Serialized {
    return this.adapter.serialize(value);
  }

  /**
   * Restores a value. Its type is claimed, not checked: validate what comes from outside.
   *
   * @throws DeserializationSerdeError if it cannot be restored.
   */
  deserialize<Value>(serialized: Serialized): Value {
    return this.adapter.deserialize<Value>(serialized);
  }

  /**
   * Serializes the instances of a class, not of its subclasses, by their `serialize` method and its static
   * `deserialize`. The class is known by its name, so a tool that shortens names must do it alike on both sides.
   *
   * @param prefix Stands before the name of the class, joined with `/`. Default: none.
   * @throws InvalidInputError if the class lacks one of the methods or has no name.
   */
  registerClass<Payload>(serializable: SerializableClass<Payload>, prefix: OneOrMore<string> = []): this {
    return this.registerCustom(classTransformer(serializable), prefix);
  }

  /**
   * Serializes the values a transformer applies to. Registered under the name of another, it replaces that one. If
   * several apply to a value, the one registered last is used.
   *
   * @param prefix Stands before the name of the transformer, joined with `/`. Default: none.
   * @throws InvalidInputError if the transformer lacks a method or a name.
   */
  registerCustom<Value, Payload>(transformer: SerdeTransformer<Value, Payload>, prefix: OneOrMore<string> = []): this {
    for (const method of ["isApplicable", "serialize", "deserialize"] as const) {
      if (typeof transformer?.[method] !== "function") {
        throw new InvalidInputError(
          `A transformer needs a method ${method}; pass { name, isApplicable, serialize, deserialize }`,
        );
      }
    }
    const name = [...toArray(prefix), ...toArray(transformer.name)].filter((segment) => segment !== "").join("/");
    if (name === "") {
      throw new InvalidInputError("A transformer, or a class, needs a name that is not empty");
    }
    this.adapter.registerCustom<Value, Payload>({
      name,
      isApplicable: (value) => transformer.isApplicable(value),
      serialize: (value) => transformer.serialize(value),
      deserialize: (payload) => transformer.deserialize(payload),
    });
    return this;
  }
}
