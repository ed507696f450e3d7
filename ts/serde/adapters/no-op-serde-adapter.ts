import type { IFlexibleSerdeAdapter } from "../contracts/serde";

/** Serializes nothing: values stay what they are. For what never leaves the process. */
export class NoOpSerdeAdapter implements IFlexibleSerdeAdapter<unknown> {
  /** The value itself. */
  serialize(value: unknown): unknown {
    return value;
  }

  /** The value itself. */
  deserialize<Value>(value: unknown): Value {
    return value as Value;
  }

  /** Does nothing: there is nothing to transform. */
  registerCustom(): void {}
}
