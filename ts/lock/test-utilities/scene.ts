import { randomUUID } from "node:crypto";
import type { ILock, ILockListenable, ILockProvider } from "../contracts";
import { LOCK_STATE } from "../contracts";
import { bringAbout, KEY_STATES, type KeyState, LONG_TTL, OWNERS } from "./key-state";
import { durationOf, type Holding } from "./outcome";

/** The providers of one test of {@link lockProviderTestSuite}. */
export interface LockProviderSubject {
  /** The provider under test. */
  readonly lockProvider: ILockProvider & ILockListenable;
  /** Another provider over the same database and namespace, as another process would have; best on a connection of its own. */
  readonly otherLockProvider: ILockProvider & ILockListenable;
}

/** The locks of one test, all on one key that is in a given state when the test begins. */
export class Scene {
  readonly key = `key-${randomUUID()}`;
  /** The asker's lock, and the object that holds the key in states in which the asker does. */
  readonly lock: ILock;
  /** Another object for the same lock, with {@link LONG_TTL}. */
  readonly twin: ILock;
  /** The same lock in another provider, with {@link LONG_TTL}. */
  readonly remote: ILock;
  /** Another owner's lock, and the object that holds the key in states in which another does. */
  readonly rival: ILock;

  private constructor(
    readonly subject: LockProviderSubject,
    state: KeyState,
  ) {
    const { lockProvider, otherLockProvider } = subject;
    const ttlOf = (holder: KeyState["holder"]) => (state.holder === holder ? state.ttl : LONG_TTL);
    this.lock = lockProvider.create(this.key, { owner: OWNERS.asker, ttl: ttlOf("asker") });
    this.twin = lockProvider.create(this.key, { owner: OWNERS.asker, ttl: LONG_TTL });
    this.remote = otherLockProvider.create(this.key, { owner: OWNERS.asker, ttl: LONG_TTL });
    this.rival = lockProvider.create(this.key, { owner: OWNERS.rival, ttl: ttlOf("rival") });
  }

  static async set(subject: LockProviderSubject, state: KeyState = KEY_STATES.absent): Promise<Scene> {
    const scene = new Scene(subject, state);
    const holders = { asker: scene.lock, rival: scene.rival };
    await bringAbout(
      state,
      (owner) => holders[owner].acquire(),
      () => scene.remote.isExpired(),
    );
    return scene;
  }

  /** Who holds the key, as the other provider sees it. */
  async holding(): Promise<Holding> {
    return holdingSeenBy(this.remote);
  }

  /** Whether nobody holds the key, tried and not asked. */
  async isFree(): Promise<boolean> {
    const stranger = this.subject.otherLockProvider.create(this.key, { owner: OWNERS.stranger });
    return stranger.acquire();
  }
}

/** Who holds a key, as a lock of the asker tells. */
export async function holdingSeenBy(lock: ILock): Promise<Holding> {
  const state = await lock.getState();
  if (state.type === LOCK_STATE.EXPIRED) {
    return null;
  }
  const remaining = await lock.getRemainingTime();
  return {
    owner: state.type === LOCK_STATE.ACQUIRED ? OWNERS.asker : (state.owner as "rival"),
    lasts: durationOf(remaining === null ? null : remaining.toMilliseconds()),
  };
}
