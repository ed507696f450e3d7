import { type NativeReply, type NativeRequest, NativeVerb, NO_END } from "../native";
import { InvalidInputError } from "../utilities/errors";
import { TimeSpan } from "../utilities/time-span";
import { booleanOf, holderOf } from "./adapter-answer";
import type { IDatabaseLockAdapter, IInsertDatabaseLockAdapter } from "./contracts/database-lock-adapter";
import { type ILockAdapter, LOCK_REFRESH_RESULT, type LockAdapterState } from "./contracts/lock-adapter";
import { InsertDatabaseLock, TransactionDatabaseLock } from "./database-lock";
import { OwnLeases } from "./own-leases";
import { deposit } from "./thrown";

/** Whatever an application may implement to keep locks in a store of its own. */
export type LockAdapter = ILockAdapter | IDatabaseLockAdapter | IInsertDatabaseLockAdapter;

/**
 * The verbs of an adapter, whichever contract it implements. It is recognized by the methods it has: how many parameters
 * they declare says nothing about what they take.
 *
 * @throws InvalidInputError if it implements none.
 */
export function lockAdapterOf(adapter: unknown): ILockAdapter {
  if (has<ILockAdapter>(adapter, ["acquire", "release", "forceRelease", "refresh"])) {
    return adapter;
  }
  if (has<IDatabaseLockAdapter>(adapter, ["transaction", "remove", "removeIfOwner", "updateExpiration", "find"])) {
    return new TransactionDatabaseLock(adapter);
  }
  const insertMethods = ["insert", "updateIfExpired", "remove", "removeIfOwner", "updateExpirationIfOwner", "find"];
  if (has<IInsertDatabaseLockAdapter>(adapter, insertMethods)) {
    return new InsertDatabaseLock(adapter);
  }
  throw new InvalidInputError(
    "The adapter has not the methods of one; pass an ILockAdapter, an IDatabaseLockAdapter, an adapter of this package " +
      'or the URL of one, such as "sqlite:locks.db"',
  );
}

/**
 * An adapter of the application, asked before the engine is, which then finds the reply ready.
 *
 * What is under way in the engine keeps the process alive, and how long the application takes is not for us to decide.
 * Asked from here, it also has the asynchronous context of whoever asked.
 */
export class JsAdapter {
  private readonly ownLeases = new OwnLeases();
  /** Those that the engine is on its way for, by what they answer. */
  private readonly replies = new Map<string, NativeReply[]>();

  constructor(private readonly adapter: ILockAdapter) {}

  /** Asks the adapter, and then has the engine come for the reply. */
  async ask<Outcome>(request: NativeRequest, fetch: () => Promise<Outcome>): Promise<Outcome> {
    const ready = await reply(this.adapter, this.ownLeases, request);
    const name = nameOf(request);
    const replies = this.replies.get(name);
    if (replies === undefined) {
      this.replies.set(name, [ready]);
    } else {
      replies.push(ready);
    }
    return fetch();
  }

  /** What the engine calls. What it asks of its own accord, for those who wait or keep a lease, is asked now. */
  readonly answer = (requests: readonly NativeRequest[]): Promise<NativeReply[]> =>
    Promise.all(requests.map((request) => this.take(request) ?? reply(this.adapter, this.ownLeases, request)));

  private take(request: NativeRequest): NativeReply | undefined {
    const name = nameOf(request);
    const replies = this.replies.get(name);
    const ready = replies?.shift();
    if (replies?.length === 0) {
      this.replies.delete(name);
    }
    return ready;
  }
}

/** Requests of one name are alike, and may have each other's replies. */
function nameOf({ verb, key, owner }: NativeRequest): string {
  const isOwners = verb !== NativeVerb.ForceRelease && verb !== NativeVerb.State;
  return JSON.stringify([verb, key, isOwners ? owner : ""]);
}

// A synchronous throw of the adapter is a rejection here like any other.
async function reply(adapter: ILockAdapter, ownLeases: OwnLeases, request: NativeRequest): Promise<NativeReply> {
  try {
    return await ask(adapter, ownLeases, request);
  } catch (error) {
    return { answer: 0, thrown: deposit(error) };
  }
}

async function ask(adapter: ILockAdapter, ownLeases: OwnLeases, request: NativeRequest): Promise<NativeReply> {
  const { verb, key, owner } = request;
  const ttl = request.ttl === NO_END ? null : TimeSpan.fromMilliseconds(request.ttl);
  switch (verb) {
    case NativeVerb.Acquire: {
      const isAcquired = booleanOf("acquire", await adapter.acquire(key, owner, ttl));
      if (isAcquired) {
        ownLeases.add(key, owner, ttl);
      }
      return { answer: Number(isAcquired) };
    }
    case NativeVerb.Release: {
      ownLeases.remove(key, owner);
      return { answer: Number(booleanOf("release", await adapter.release(key, owner))) };
    }
    case NativeVerb.ForceRelease: {
      ownLeases.remove(key);
      return { answer: Number(booleanOf("forceRelease", await adapter.forceRelease(key))) };
    }
    case NativeVerb.Refresh:
      return { answer: await refresh(adapter, ownLeases, key, owner, ttl as TimeSpan) };
    default:
      return state(await lookUp(adapter, ownLeases, key));
  }
}

async function refresh(
  adapter: ILockAdapter,
  ownLeases: OwnLeases,
  key: string,
  owner: string,
  ttl: TimeSpan,
): Promise<number> {
  const result = await adapter.refresh(key, owner, ttl);
  if (result === true || result === LOCK_REFRESH_RESULT.REFRESHED) {
    ownLeases.add(key, owner, ttl);
    return 1;
  }
  if (result === LOCK_REFRESH_RESULT.UNEXPIRABLE_KEY) {
    return -1;
  }
  if (result !== LOCK_REFRESH_RESULT.UNOWNED_REFRESH) {
    booleanOf("refresh", result);
    const holder = await lookUp(adapter, ownLeases, key);
    if (holder?.owner === owner && holder.expiration === null) {
      return -1;
    }
  }
  ownLeases.remove(key, owner);
  return 0;
}

async function lookUp(adapter: ILockAdapter, ownLeases: OwnLeases, key: string): Promise<LockAdapterState | null> {
  return adapter.getState === undefined ? ownLeases.find(key) : holderOf("getState", await adapter.getState(key));
}

function state(holder: LockAdapterState | null): NativeReply {
  if (holder === null) {
    return { answer: 0 };
  }
  if (holder.expiration === null) {
    return { answer: 1, owner: holder.owner };
  }
  const remaining = holder.expiration.getTime() - Date.now();
  return remaining > 0 ? { answer: 1, owner: holder.owner, remaining } : { answer: 0 };
}

function has<Contract>(value: unknown, methods: readonly string[]): value is Contract {
  return (
    typeof value === "object" &&
    value !== null &&
    methods.every((method) => typeof (value as Record<string, unknown>)[method] === "function")
  );
}
