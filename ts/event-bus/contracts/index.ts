export type { IEventBus, IEventDispatcher, IEventListenable } from "./event-bus";
export type { EventBusAdapterListener, IEventBusAdapter } from "./event-bus-adapter";
export type { BaseEventMap, EventListener, EventName, Unsubscribe } from "./event-listener";
