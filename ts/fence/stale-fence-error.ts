/** A write was refused because a later grant of the lock has written already. */
export class StaleFenceError extends Error {
  static {
    StaleFenceError.prototype.name = "StaleFenceError";
  }

  /** Always `"FENCE_STALE"`. */
  readonly code: string = "FENCE_STALE";

  /**
   * Made by a `FenceGuard`.
   *
   * @param resource What was to be written.
   * @param fence The fence of whoever wanted to write.
   * @param highest The highest fence that was seen.
   */
  constructor(
    readonly resource: string,
    readonly fence: bigint,
    readonly highest: bigint,
  ) {
    super(
      `The write to "${resource}" is refused: its fence ${fence} is below ${highest}, so the lock was granted to another ` +
        "meanwhile; acquire it again and begin anew",
    );
  }
}
