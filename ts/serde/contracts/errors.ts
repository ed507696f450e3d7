/** The errors of serialization extend this one. */
export class SerdeError extends Error {
  static {
    SerdeError.prototype.name = "SerdeError";
  }

  /** Stable, machine-readable name of the failure. */
  readonly code: string = "SERDE";

  /**
   * Made by serdes and their adapters.
   *
   * @param message What happened and what to do about it.
   * @param cause The error or value that led to this one; left out, `cause` is absent.
   */
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** A value cannot be serialized: it, or something in it, has no serialized form. */
export class SerializationSerdeError extends SerdeError {
  static {
    SerializationSerdeError.prototype.name = "SerializationSerdeError";
  }

  /** Always `"SERIALIZATION"`. */
  override readonly code: string = "SERIALIZATION";
}

/** A serialized value cannot be restored: it is damaged, forged, too large, or of something not registered here. */
export class DeserializationSerdeError extends SerdeError {
  static {
    DeserializationSerdeError.prototype.name = "DeserializationSerdeError";
  }

  /** Always `"DESERIALIZATION"`. */
  override readonly code: string = "DESERIALIZATION";
}

/** The errors of serialization, by short name. */
export const SERDE_ERRORS = {
  /** {@link SerdeError} */
  Base: SerdeError,
  /** {@link SerializationSerdeError} */
  Serialization: SerializationSerdeError,
  /** {@link DeserializationSerdeError} */
  Deserialization: DeserializationSerdeError,
} as const;
