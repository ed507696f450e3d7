import {
  adoptAdapter,
  answerNow,
  errorOf,
  isFailure,
  type NativeHolder,
  type NativeLock,
  type NativeLockProvider,
  type NativeOutcome,
  NativeVerb,
} from "../native";
import { InvalidInputError } from "../utilities/errors";
import type { Promisable } from "../utilities/invokable";
import type { ILockAdapter } from "./contracts/lock-adapter";
import { JsAdapter } from "./js-adapter";
import { Lane } from "./lane";
import { WaitLine, type WaitSettings } from "./wait-line";

/** Under this symbol an adapter keeps its engine; registered globally, so that two copies of the package agree. */
export const ENGINE: unique symbol = Symbol.for("holdfast.lock.engine");

// Looked up once, like the verbs.
const askNow = answerNow;

/** What a lock was made of. */
interface LockNames {
  readonly key: string;
  readonly owner: string;
}

/** Carries the verbs of the locks of one adapter to the native engine and back. */
export class LockEngine {
  /** Whether verbs are answered in the same call; then remaining times are exact to the microsecond as well. */
  readonly isImmediate: boolean;
  private readonly waitLine = new WaitLine();

  private constructor(
    private readonly provider: NativeLockProvider,
    private readonly cross: (lock: NativeLock, verb: NativeVerb, ttl: number) => Promise<NativeOutcome>,
    private readonly names?: WeakMap<NativeLock, LockNames>,
  ) {
    this.isImmediate = provider.isImmediate;
  }

  /** For an adapter that is native as well. */
  static of(provider: NativeLockProvider): LockEngine {
    const names = provider.keepsOrder ? undefined : new WeakMap<NativeLock, LockNames>();
    const lane = new Lane(provider, names && ((lock) => (names.get(lock) as LockNames).key));
    return new LockEngine(provider, (lock, verb, ttl) => lane.ask(lock, verb, ttl), names);
  }

  /** For an adapter of the application. */
  static over(adapter: ILockAdapter): LockEngine {
    const names = new WeakMap<NativeLock, LockNames>();
    const asked = new JsAdapter(adapter);
    const provider = adoptAdapter(asked.answer);
    const lane = new Lane(provider);
    const cross = (lock: NativeLock, verb: NativeVerb, ttl: number) =>
      asked.ask({ ...(names.get(lock) as LockNames), verb, ttl }, () => lane.ask(lock, verb, ttl));
    return new LockEngine(provider, cross, names);
  }

  /** @throws InvalidInputError if the key or the owner cannot be used. */
  createLock(key: string, owner: string): NativeLock {
    refuseBrokenText("key", key);
    refuseBrokenText("owner", owner);
    const lock = this.provider.createLock(key, owner);
    if (isFailure(lock)) {
      throw errorOf(lock);
    }
    this.names?.set(lock, { key, owner });
    return lock;
  }

  /** Asks a verb that is answered by a number; see `NativeOutcome` for its meaning. Throws what it cannot answer. */
  ask(lock: NativeLock, verb: NativeVerb, ttl: number): Promisable<number> {
    if (this.isImmediate) {
      return answered(askNow(lock, verb, ttl)) as number;
    }
    return this.cross(lock, verb, ttl).then(answered) as Promise<number>;
  }

  /** Whether anybody of this JavaScript context waits for a key, given with its namespace. */
  isWaitedFor(key: string): boolean {
    return this.waitLine.isWaitedFor(key);
  }

  /** See {@link WaitLine.tryFirst}. */
  tryFirst(key: string, attempt: () => Promisable<number>): Promisable<number> {
    return this.waitLine.tryFirst(key, attempt);
  }

  /**
   * Waits for a key behind all who wait already, and answers as an acquire does; `null`: the time is over. Throws what it
   * cannot answer.
   */
  async wait(settings: WaitSettings): Promise<number | null> {
    return answered(await this.waitLine.wait(settings)) as number | null;
  }

  /** Who holds the key of a lock. */
  look(lock: NativeLock): Promisable<NativeHolder | null> {
    if (this.isImmediate) {
      return answered(askNow(lock, NativeVerb.State, 0)) as NativeHolder | null;
    }
    return this.cross(lock, NativeVerb.State, 0).then(answered) as Promise<NativeHolder | null>;
  }

  /** Whether a grant that a look has found counts as one that an acquire was answered; `false`: it is over. */
  async confirm(key: string, owner: string, fence: number): Promise<boolean> {
    const confirmed = await this.provider.confirm(key, owner, fence);
    if (typeof confirmed === "object") {
      throw errorOf(confirmed);
    }
    return confirmed;
  }

  async init(): Promise<void> {
    answered(await this.provider.init());
  }

  async deInit(): Promise<void> {
    answered(await this.provider.deinit());
  }

  async removeAllExpired(): Promise<void> {
    answered(await this.provider.removeAllExpired());
  }

  async close(): Promise<void> {
    await this.provider.close();
  }
}

function answered(outcome: NativeOutcome): number | NativeHolder | null {
  if (typeof outcome === "object" && isFailure(outcome)) {
    throw errorOf(outcome);
  }
  return outcome;
}

// Half a surrogate pair has no form in UTF-8: two different keys would become one.
function refuseBrokenText(name: string, text: string): void {
  if (typeof text !== "string") {
    throw new InvalidInputError(`The ${name} is not a string; pass a string`);
  }
  if (!text.isWellFormed()) {
    throw new InvalidInputError(`The ${name} contains half of a surrogate pair; pass well-formed text, or encode it`);
  }
}
