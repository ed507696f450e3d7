export { Lock } from "./lock";
export type { LockProviderSettings } from "./lock-provider";
export { LockProvider } from "./lock-provider";
