/** The middlewares of this package fail with an error that extends this one. */
export class AsyncError extends Error {
  static {
    AsyncError.prototype.name = "AsyncError";
  }

  /** Stable, machine-readable name of the failure. */
  readonly code: string = "ASYNC";

  /**
   * Made by the middlewares.
   *
   * @param message What happened.
   * @param cause The error or value that led to this one; left out, `cause` is absent.
   */
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** The work took longer than the `timeout` middleware allows. */
export class TimeoutAsyncError extends AsyncError {
  static {
    TimeoutAsyncError.prototype.name = "TimeoutAsyncError";
  }

  /** Always `"TIMEOUT"`. */
  override readonly code: string = "TIMEOUT";
}

/** The work and all its fallbacks failed under a hedging middleware. */
export class HedgingAsyncError extends AsyncError {
  static {
    HedgingAsyncError.prototype.name = "HedgingAsyncError";
  }

  /** Always `"HEDGING"`. */
  override readonly code: string = "HEDGING";

  /** What each function threw, in the order of the functions. */
  readonly errors: readonly unknown[];

  /**
   * Made by the middlewares.
   *
   * @param message What happened.
   * @param errors What each function threw; the last of them is the `cause`.
   */
  constructor(message: string, errors: readonly unknown[]) {
    super(message, errors.at(-1));
    this.errors = errors;
  }
}

/** The `bulkhead` middleware has as many calls waiting as it may. */
export class CapacityFullAsyncError extends AsyncError {
  static {
    CapacityFullAsyncError.prototype.name = "CapacityFullAsyncError";
  }

  /** Always `"CAPACITY_FULL"`. */
  override readonly code: string = "CAPACITY_FULL";
}

/** The errors of the middlewares, by short name. */
export const ASYNC_ERRORS = {
  /** {@link AsyncError} */
  Base: AsyncError,
  /** {@link TimeoutAsyncError} */
  Timeout: TimeoutAsyncError,
  /** {@link HedgingAsyncError} */
  Hedging: HedgingAsyncError,
  /** {@link CapacityFullAsyncError} */
  CapacityFull: CapacityFullAsyncError,
} as const;
