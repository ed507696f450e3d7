/**
 * Every public name; each subpath of the package has some of them.
 *
 * @module holdfast
 */

export * from "./async";
export * from "./event-bus";
export * from "./event-bus/adapters";
export * from "./event-bus/contracts";
export * from "./fence";
export * from "./lock";
export * from "./lock/adapters";
export * from "./lock/contracts";
export * from "./serde";
export * from "./serde/adapters";
export * from "./serde/contracts";
export * from "./utilities";
