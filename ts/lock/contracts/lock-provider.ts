import type { IEventListenable } from "../../event-bus/contracts/event-bus";
import type { OneOrMore } from "../../utilities/one-or-more";
import type { ITimeSpan } from "../../utilities/time-span";
import type { LockEventMap } from "./events";
import type { ILock } from "./lock";

/** What can be said of a single lock. */
export interface LockCreateSettings {
  /** How long a lease lasts, up to 100 years; `null`: it has no end. Default: the provider's, five minutes. */
  ttl?: ITimeSpan | null | undefined;
  /** Who holds it; segments are joined by `/`. Default: an owner nobody else has. */
  owner?: OneOrMore<string> | undefined;
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
