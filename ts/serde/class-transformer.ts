import { inspect } from "node:util";
import { InvalidInputError } from "../utilities/errors";
import type { ISerializable, SerdeTransformer, SerializableClass } from "./contracts/serde-transformer";

/**
 * The transformer of a class by its own `serialize` and `deserialize`.
 *
 * @internal
 */
export function classTransformer<Serialized>(
  serializable: SerializableClass<Serialized>,
): SerdeTransformer<ISerializable<Serialized>, Serialized> {
  if (!isSerializable(serializable)) {
    throw new InvalidInputError(
      `Cannot register ${inspect(serializable)}; pass a class with a method serialize and a static method deserialize`,
    );
  }
  const { name, prototype } = serializable;
  return {
    name,
    // Exactly this class: an instance of a subclass would come back as one of this class.
    isApplicable: (value) => typeof value === "object" && value !== null && Object.getPrototypeOf(value) === prototype,
    serialize: (value) => value.serialize(),
    deserialize(serialized) {
      const value = serializable.deserialize(serialized);
      if (value instanceof (serializable as unknown as new () => unknown)) {
        return value;
      }
      throw new TypeError(`${name}.deserialize did not return an instance of ${name}`);
    },
  };
}

function isSerializable(value: unknown): boolean {
  const { deserialize, prototype } = (value ?? {}) as Partial<SerializableClass<unknown>>;
  return typeof value === "function" && typeof deserialize === "function" && typeof prototype?.serialize === "function";
}
