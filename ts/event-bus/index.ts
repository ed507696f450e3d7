export type { EventBusErrorMessage, EventBusSettings, EventMapSchema } from "./event-bus";
export { EventBus } from "./event-bus";
