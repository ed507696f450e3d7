import { channel } from "node:diagnostics_channel";
import type { AsyncLazy, LazyPromise } from "../async/lazy-promise";
import type { IEventBus } from "../event-bus/contracts/event-bus";
import type { TimeSpan } from "../utilities/time-span";
import type { LockEventMap } from "./contracts/events";
import type { LockEngine } from "./engine";

const ERRORS = channel("holdfast:event-bus:error");

/** What the locks of one provider share. */
export class LockContext {
  readonly engine: LockEngine;
  readonly lazy: <T>(work: AsyncLazy<T>) => LazyPromise<T>;
  readonly defaultBlockingInterval: TimeSpan;
  readonly defaultBlockingTime: TimeSpan;
  readonly defaultRefreshTime: TimeSpan;
  /** Whether anybody may ever have listened: a bus nobody was given and nobody asked for needs no look at its listeners. */
  isListenedTo: boolean;
  private readonly eventBus: IEventBus<LockEventMap>;

  constructor(parts: {
    engine: LockEngine;
    eventBus: IEventBus<LockEventMap>;
    isListenedTo: boolean;
    lazy: <T>(work: AsyncLazy<T>) => LazyPromise<T>;
    defaultBlockingInterval: TimeSpan;
    defaultBlockingTime: TimeSpan;
    defaultRefreshTime: TimeSpan;
  }) {
    this.engine = parts.engine;
    this.eventBus = parts.eventBus;
    this.isListenedTo = parts.isListenedTo;
    this.lazy = parts.lazy;
    this.defaultBlockingInterval = parts.defaultBlockingInterval;
    this.defaultBlockingTime = parts.defaultBlockingTime;
    this.defaultRefreshTime = parts.defaultRefreshTime;
  }

  /** Whether making the event is worth while. */
  isHeard(name: keyof LockEventMap): boolean {
    return this.isListenedTo && (this.eventBus.hasListeners?.(name) ?? true);
  }

  /** Sends an event and waits for nothing: a bus that is down must not hold up a lock, or fail it. */
  emit<Name extends keyof LockEventMap>(name: Name, event: LockEventMap[Name]): void {
    const report = (error: unknown): void => ERRORS.publish({ error, eventName: name });
    try {
      this.eventBus.dispatch(name, event).then(undefined, report);
    } catch (error) {
      report(error);
    }
  }
}
