export type { SerdeSettings, SerdeValueKind } from "./serde";
export { Serde } from "./serde";
