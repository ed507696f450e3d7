export { MemoryEventBusAdapter } from "./memory-event-bus-adapter";
export { NoOpEventBusAdapter } from "./no-op-event-bus-adapter";
