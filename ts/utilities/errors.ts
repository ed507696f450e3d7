/**
 * Something went wrong that the caller did not ask about: a setting that cannot work, or a promise the package
 * could not keep. Errors of this package that are not more specific extend it.
 */
export class UnexpectedError extends Error {
  static {
    UnexpectedError.prototype.name = "UnexpectedError";
  }

  /** Stable, machine-readable name of the failure; unlike the message it never changes between versions. */
  readonly code: string = "UNEXPECTED";

  /**
   * Made where a call cannot do what it was asked to.
   *
   * @param message What happened and what to do about it.
   * @param cause The error or value that led to this one; left out, `cause` is absent.
   */
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** An argument or setting cannot be used; the message says what to pass instead. */
export class InvalidInputError extends UnexpectedError {
  static {
    InvalidInputError.prototype.name = "InvalidInputError";
  }

  /** Always `"INVALID_INPUT"`. */
  override readonly code: string = "INVALID_INPUT";
}
