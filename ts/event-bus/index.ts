export type { EventBusErrorMessage, EventErrorHandler } from "./error-report";
export type { EventBusSettings, EventMapSchema } from "./event-bus";
export { EventBus } from "./event-bus";
