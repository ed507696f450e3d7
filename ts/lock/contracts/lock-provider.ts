import type { IEventListenable } from "../../event-bus/contracts/event-bus";
import type { OneOrMore } from "../../utilities/one-or-more";
import type { ITimeSpan } from "../../utilities/time-span";
import type { KeepAlive } from "../keep-alive";
import type { LockEventMap } from "./events";
import type { ILock, LockBlockingSettings } from "./lock";

/** What can be said of a single lock. */
export interface LockCreateSettings {
  /** How long a lease lasts, up to 100 years; `null`: it has no end. Default: the provider's, five minutes. */
  ttl?: ITimeSpan | null | undefined;
  /** Who holds it; segments are joined by `/`. Default: an owner nobody else has. */
  owner?: OneOrMore<string> | undefined;
  /**
   * Renews the lease for as long as the lock is held, on a thread of its own: a busy event loop loses no lock. Default:
   * the provider's, which is not to.
   */
  keepAlive?: KeepAlive | undefined;
}

/** What can be said of a lock that is acquired at once. */
export interface LockAcquireSettings extends LockCreateSettings, LockBlockingSettings {
  /** How long to try at most, on a monotonic clock. Default: zero, which is one try. */
  time?: ITimeSpan | undefined;
}

/** How a provider is closed. */
export interface LockProviderCloseSettings {
  /** How long those who hold locks may take to release them. Default: no time. */
  drain?: ITimeSpan | undefined;
}

/** Makes locks. */
export interface ILockProvider {
  /**
   * Makes a lock; nothing is acquired and the database is not asked.
   *
   * @param key What to lock; segments are joined with the key delimiter of the namespace.
   * @throws InvalidInputError if the key, the owner or the ttl cannot be used.
   */
  create(key: OneOrMore<string>, settings?: LockCreateSettings): ILock;
}

/** Hears of what happens to the locks of a provider. */
export type ILockListenable = IEventListenable<LockEventMap>;
