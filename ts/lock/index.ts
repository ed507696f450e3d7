export type { Closable, CloseOnSignalsSettings } from "./close-on-signals";
export { closeOnSignals } from "./close-on-signals";
export type { LockAdapter } from "./js-adapter";
export { Lock } from "./lock";
export type { AnyEventBus, LockProviderSettings } from "./lock-provider";
export { LockProvider } from "./lock-provider";
export type { LockProviderFactorySettings } from "./lock-provider-factory";
export { LockProviderFactory } from "./lock-provider-factory";
