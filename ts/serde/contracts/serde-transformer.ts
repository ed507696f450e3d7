import type { OneOrMore } from "../../utilities/one-or-more";

/** How values of one kind are serialized, and restored. */
export interface SerdeTransformer<Value, Serialized> {
  /**
   * Tells the kinds apart, so it must be the same wherever values are serialized and restored. Segments are joined
   * with `/`.
   */
  readonly name: OneOrMore<string>;

  /** Whether a value is of this kind. It is asked about every value, whatever its type. */
  isApplicable(value: unknown): boolean;

  /** The serialized form of a value. It may hold everything that can be serialized itself. */
  serialize(value: Value): Serialized;

  /**
   * Restores a value. What it is given may come from outside, and then need not be what {@link serialize} returned:
   * check it, and throw if it cannot be used.
   */
  deserialize(serialized: Serialized): Value;
}

/** A {@link SerdeTransformer} whose name is complete, as an adapter gets it. */
export interface NamedSerdeTransformer<Value, Serialized> extends SerdeTransformer<Value, Serialized> {
  /** The whole name, such as `"core/Date"`. */
  readonly name: string;
}

/** An object that knows its serialized form. Its class has a static `deserialize`: {@link SerializableClass}. */
export interface ISerializable<Serialized> {
  /** The serialized form. It may hold everything that can be serialized itself. */
  serialize(): Serialized;
}

/** A class whose instances can be serialized. The constructor may be private. */
export interface SerializableClass<Serialized> {
  /** What the class goes by in serialized form. */
  readonly name: string;
  /** What its instances inherit from. */
  readonly prototype: ISerializable<Serialized>;

  /**
   * Restores an instance. What it is given may come from outside, and then need not be what `serialize` returned: check
   * it, and throw if it cannot be used.
   */
  deserialize(serialized: Serialized): ISerializable<Serialized>;
}
