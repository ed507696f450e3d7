import { UnexpectedError } from "./errors";

/** What errors about choosing an adapter by name extend. */
export class FactoryError extends UnexpectedError {
  static {
    FactoryError.prototype.name = "FactoryError";
  }

  /** A code of its own in every subclass. */
  override readonly code: string = "FACTORY";
}

/** No adapter was named, and the factory has no default. */
export class DefaultAdapterNotDefinedError extends FactoryError {
  static {
    DefaultAdapterNotDefinedError.prototype.name = "DefaultAdapterNotDefinedError";
  }

  /** Always `"FACTORY_DEFAULT_ADAPTER_NOT_DEFINED"`. */
  override readonly code: string = "FACTORY_DEFAULT_ADAPTER_NOT_DEFINED";
}

/** An adapter was named that the factory does not have. */
export class UnregisteredAdapterError extends FactoryError {
  static {
    UnregisteredAdapterError.prototype.name = "UnregisteredAdapterError";
  }

  /** Always `"FACTORY_UNREGISTERED_ADAPTER"`. */
  override readonly code: string = "FACTORY_UNREGISTERED_ADAPTER";
}
