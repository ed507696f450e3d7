export { DeserializationSerdeError, SERDE_ERRORS, SerdeError, SerializationSerdeError } from "./errors";
export type {
  IDeserializer,
  IFlexibleSerde,
  IFlexibleSerdeAdapter,
  ISerde,
  ISerderRegister,
  ISerializer,
} from "./serde";
export type {
  ISerializable,
  NamedSerdeTransformer,
  SerdeTransformer,
  SerializableClass,
} from "./serde-transformer";
