import { channel } from "node:diagnostics_channel";
import type { AsyncLazy, LazyPromise } from "../async/lazy-promise";
import type { IEventBus } from "../event-bus/contracts/event-bus";
import type { TimeSpan } from "../utilities/time-span";
import { ClosedLockError } from "./contracts/errors";
import type { LockEventMap } from "./contracts/events";
import type { LockEngine } from "./engine";
import { Holders } from "./holders";

const ERRORS = channel("holdfast:event-bus:error");

/** What the locks of one provider share. */
export class LockContext {
  readonly engine: LockEngine;
  /** Under which the locks are known to serdes; the same in all processes that exchange them. */
  readonly serdeName: string;
  readonly lazy: <T>(work: AsyncLazy<T>) => LazyPromise<T>;
  readonly defaultBlockingInterval: TimeSpan;
  readonly defaultBlockingTime: TimeSpan;
  readonly defaultRefreshTime: TimeSpan;
  /** Whether anybody may ever have listened: a bus nobody was given and nobody asked for needs no look at its listeners. */
  isListenedTo: boolean;
  readonly holders = new Holders();
  private readonly closer = new AbortController();
  private readonly eventBus: IEventBus<LockEventMap>;

  constructor(parts: {
    engine: LockEngine;
    serdeName: string;
    eventBus: IEventBus<LockEventMap>;
    isListenedTo: boolean;
    lazy: <T>(work: AsyncLazy<T>) => LazyPromise<T>;
    defaultBlockingInterval: TimeSpan;
    defaultBlockingTime: TimeSpan;
    defaultRefreshTime: TimeSpan;
  }) {
    this.engine = parts.engine;
    this.serdeName = parts.serdeName;
    this.eventBus = parts.eventBus;
    this.isListenedTo = parts.isListenedTo;
    this.lazy = parts.lazy;
    this.defaultBlockingInterval = parts.defaultBlockingInterval;
    this.defaultBlockingTime = parts.defaultBlockingTime;
    this.defaultRefreshTime = parts.defaultRefreshTime;
  }

  /** Aborted with a `ClosedLockError` when the provider is closed. */
  get closing(): AbortSignal {
    return this.closer.signal;
  }

  /** @throws ClosedLockError if the provider was closed. */
  refuseIfClosed(): void {
    this.closing.throwIfAborted();
  }

  /** Grants nothing any more; whoever waits is told so. */
  close(): void {
    if (!this.closing.aborted) {
      this.closer.abort(new ClosedLockError("The provider is closed: create a new one to acquire locks"));
    }
  }

  /** Whether making the event is worth while. Never throws: a lock that is held by now would be lost in the error. */
  isHeard(name: keyof LockEventMap): boolean {
    try {
      return this.isListenedTo && (this.eventBus.hasListeners?.(name) ?? true);
    } catch {
      return true;
    }
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
