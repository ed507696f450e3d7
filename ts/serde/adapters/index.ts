export { NoOpSerdeAdapter } from "./no-op-serde-adapter";
export type { SuperJsonSerdeAdapterSettings } from "./super-json-serde-adapter";
export { SuperJsonSerdeAdapter } from "./super-json-serde-adapter";
