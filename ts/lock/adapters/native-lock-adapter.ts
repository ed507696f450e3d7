import { type NativeLock, type NativeLockProvider, NativeVerb } from "../../native";
import type { IDeinitizable, IInitizable, IPrunable } from "../../utilities/lifecycle";
import { TimeSpan } from "../../utilities/time-span";
import {
  type ILockAdapter,
  LOCK_REFRESH_RESULT,
  type LockAdapterState,
  type LockRefreshResult,
} from "../contracts/lock-adapter";
import { ENGINE, LockEngine } from "../engine";
import { checkTtl } from "../ttl";

/** For verbs that look at a key whoever holds it; it never becomes the owner of anything. */
const NOBODY = "-";

/** What the adapters of this package have in common: their verbs are answered by the engine. */
export abstract class NativeLockAdapter implements ILockAdapter, IInitizable, IDeinitizable, IPrunable {
  /** @internal */
  readonly [ENGINE]: LockEngine;

  /** @internal */
  protected constructor(provider: NativeLockProvider) {
    this[ENGINE] = LockEngine.of(provider);
  }

  /**
   * Connects, and creates what the adapter needs. Optional, since the first use does it; call it to have errors of the
   * set-up early. Doing it again changes nothing.
   *
   * @throws LockAdapterError if the database cannot be reached or is not fit for use.
   */
  init(): Promise<void> {
    return this[ENGINE].init();
  }

  /**
   * Removes what {@link init} made, unless a lock in it is held; the next use makes it anew. Doing it again, or before
   * `init`, changes nothing.
   *
   * @throws LockAdapterError if the database could not be asked.
   */
  deInit(): Promise<void> {
    return this[ENGINE].deInit();
  }

  /**
   * Lets go of the database; locks that are held stay held. What is asked afterwards fails with a `ClosedLockError`.
   * Never needed for the process to exit.
   */
  close(): Promise<void> {
    return this[ENGINE].close();
  }

  /**
   * Deletes expired leases. Only housekeeping: an expired lease never counts as held.
   *
   * @throws LockAdapterError if the database could not be asked.
   */
  removeAllExpired(): Promise<void> {
    return this[ENGINE].removeAllExpired();
  }

  /**
   * Takes a key that nobody holds.
   *
   * @param ttl Up to 100 years; `null`: the lease has no end.
   * @returns `false`: the key is held, by this owner too.
   * @throws InvalidInputError if the key, the owner or the ttl cannot be used.
   * @throws LockAdapterError if the database could not be asked.
   */
  async acquire(key: string, owner: string, ttl: TimeSpan | null): Promise<boolean> {
    const { milliseconds } = checkTtl(ttl);
    return (await this[ENGINE].ask(this.lock(key, owner), NativeVerb.Acquire, milliseconds)) > 0;
  }

  /**
   * Gives a key back.
   *
   * @returns `false`: the key is free, expired, or held by another owner; then nothing changes.
   * @throws InvalidInputError if the key or the owner cannot be used.
   * @throws LockAdapterError if the database could not be asked.
   */
  async release(key: string, owner: string): Promise<boolean> {
    return (await this[ENGINE].ask(this.lock(key, owner), NativeVerb.Release, 0)) === 1;
  }

  /**
   * Frees a key, whoever holds it.
   *
   * @returns `false`: nobody did.
   * @throws InvalidInputError if the key cannot be used.
   * @throws LockAdapterError if the database could not be asked.
   */
  async forceRelease(key: string): Promise<boolean> {
    return (await this[ENGINE].ask(this.lock(key, NOBODY), NativeVerb.ForceRelease, 0)) === 1;
  }

  /**
   * Lets this owner's lease end a ttl from now. Never creates or revives a lease, nor gives an end to one without.
   *
   * @throws InvalidInputError if the key, the owner or the ttl cannot be used.
   * @throws LockAdapterError if the database could not be asked.
   */
  async refresh(key: string, owner: string, ttl: TimeSpan): Promise<LockRefreshResult> {
    const { milliseconds } = checkTtl(ttl);
    return refreshResult(await this[ENGINE].ask(this.lock(key, owner), NativeVerb.Refresh, milliseconds));
  }

  /**
   * Who holds a key, and until when by the clock of this host; `null`: nobody.
   *
   * @throws InvalidInputError if the key cannot be used.
   * @throws LockAdapterError if the database could not be asked.
   */
  async getState(key: string): Promise<LockAdapterState | null> {
    const holder = await this[ENGINE].look(this.lock(key, NOBODY));
    if (holder === null) {
      return null;
    }
    const { owner, remaining } = holder;
    return { owner, expiration: remaining === undefined ? null : TimeSpan.fromMilliseconds(remaining).toEndDate() };
  }

  private lock(key: string, owner: string): NativeLock {
    return this[ENGINE].createLock(key, owner);
  }
}

/** What the engine's answer to a refresh means. */
export function refreshResult(answer: number): LockRefreshResult {
  if (answer > 0) {
    return LOCK_REFRESH_RESULT.REFRESHED;
  }
  return answer < 0 ? LOCK_REFRESH_RESULT.UNEXPIRABLE_KEY : LOCK_REFRESH_RESULT.UNOWNED_REFRESH;
}
