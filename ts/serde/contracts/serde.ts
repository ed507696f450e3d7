import type { OneOrMore } from "../../utilities/one-or-more";
import type { NamedSerdeTransformer, SerdeTransformer, SerializableClass } from "./serde-transformer";

/** Turns values into something that can be stored or sent. */
export interface ISerializer<Serialized = unknown> {
  /** @throws SerializationSerdeError if the value, or something in it, has no serialized form. */
  serialize<Value>(value: Value): Serialized;
}

/** Restores values. */
export interface IDeserializer<Serialized = unknown> {
  /**
   * Restores a value. Its type is claimed, not checked: validate what comes from outside.
   *
   * @throws DeserializationSerdeError if it cannot be restored.
   */
  deserialize<Value>(serialized: Serialized): Value;
}

/** Serializes values, and restores them. */
export interface ISerde<Serialized = unknown> extends ISerializer<Serialized>, IDeserializer<Serialized> {}

/** Can be taught to serialize more kinds of values. A name that is registered again is replaced. */
export interface ISerderRegister {
  /**
   * Serializes the instances of a class, not of its subclasses, by their `serialize` method and its static
   * `deserialize`. The registered name is the prefix, if any, and the name of the class.
   *
   * @throws InvalidInputError if the class lacks one of them or has no name.
   */
  registerClass<Serialized>(serializable: SerializableClass<Serialized>, prefix?: OneOrMore<string>): this;

  /**
   * Serializes the values a transformer applies to. The registered name is the prefix, if any, and the transformer's.
   * If several apply to a value, the one registered last is used.
   *
   * @throws InvalidInputError if the transformer lacks a method or a name.
   */
  registerCustom<Value, Serialized>(transformer: SerdeTransformer<Value, Serialized>, prefix?: OneOrMore<string>): this;
}

/** Serializes values, restores them, and can be taught more kinds of them. */
export interface IFlexibleSerde<Serialized = unknown> extends ISerde<Serialized>, ISerderRegister {}

/** What a `Serde` works with: the serialized form itself. */
export interface IFlexibleSerdeAdapter<Serialized = unknown> extends ISerde<Serialized> {
  /**
   * Serializes the values a transformer applies to. A name that is registered again is replaced. If several apply to a
   * value, the one registered last is used.
   */
  registerCustom<Value, Payload>(transformer: NamedSerdeTransformer<Value, Payload>): void;
}
