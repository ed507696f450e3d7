// Compiled and never run: what the types of locks promise, and what they must not allow.

import * as node from "node:test";
import { beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { LazyPromise } from "../../ts/async";
import { EventBus } from "../../ts/event-bus";
import { MemoryEventBusAdapter } from "../../ts/event-bus/adapters";
import { type Lock, LockProvider } from "../../ts/lock";
import { MemoryLockAdapter, SqliteLockAdapter } from "../../ts/lock/adapters";
import {
  type ILock,
  type ILockAdapter,
  type ILockListenable,
  type ILockProvider,
  type KeyAlreadyAcquiredLockError,
  LOCK_EVENTS,
  type LockEvent,
  type LockEventMap,
  type LockState,
} from "../../ts/lock/contracts";
import {
  type LockProviderSubject,
  lockAdapterTestSuite,
  lockProviderTestSuite,
  type TestPrimitives,
} from "../../ts/lock/test-utilities";
import { type Result, TimeSpan } from "../../ts/utilities";

const provider = new LockProvider({ adapter: new MemoryLockAdapter() });
const lock = provider.create("key");

// A provider is both halves; each half is no more than it says.
expectTypeOf(provider).toExtend<ILockProvider & ILockListenable>();
expectTypeOf(lock).toEqualTypeOf<Lock>();
expectTypeOf(lock).toExtend<ILock>();

export function creates(creator: ILockProvider): void {
  expectTypeOf(creator.create("key")).toEqualTypeOf<ILock>();
  // @ts-expect-error: who may create may not listen.
  void creator.addListener;
}

export function listens(listenable: ILockListenable): void {
  expectTypeOf(listenable.asPromise("UNAVAILABLE")).toEqualTypeOf<LazyPromise<LockEvent>>();
  // @ts-expect-error: who may listen may not create.
  void listenable.create;
  // @ts-expect-error: nor send events.
  void listenable.dispatch;
}

// @ts-expect-error: the events of a provider are sent by its locks alone.
void provider.dispatch;

// What the methods answer.
expectTypeOf(lock.acquire()).toEqualTypeOf<LazyPromise<boolean>>();
expectTypeOf(lock.acquireOrFail()).toEqualTypeOf<LazyPromise<void>>();
expectTypeOf(lock.forceRelease()).toEqualTypeOf<LazyPromise<boolean>>();
expectTypeOf(lock.getRemainingTime()).toEqualTypeOf<LazyPromise<TimeSpan | null>>();
expectTypeOf(lock.getOwner()).toEqualTypeOf<LazyPromise<string>>();
expectTypeOf(lock.getState()).toEqualTypeOf<LazyPromise<LockState>>();

// What a run answers is what the function does, in whichever form it is given.
type Outcome<T> = LazyPromise<Result<T, KeyAlreadyAcquiredLockError>>;
expectTypeOf(lock.run(() => 5)).toEqualTypeOf<Outcome<number>>();
expectTypeOf(lock.run(async () => 5)).toEqualTypeOf<Outcome<number>>();
expectTypeOf(lock.run({ invoke: () => 5 })).toEqualTypeOf<Outcome<number>>();
expectTypeOf(lock.run(new LazyPromise(() => 5))).toEqualTypeOf<Outcome<number>>();
expectTypeOf(lock.runBlocking(() => "text", { time: TimeSpan.fromSeconds(1) })).toEqualTypeOf<Outcome<string>>();
expectTypeOf(lock.runOrFail(async () => 5)).toEqualTypeOf<LazyPromise<number>>();
expectTypeOf(lock.runBlockingOrFail(() => ({ a: 1 }))).toEqualTypeOf<LazyPromise<{ a: number }>>();

export async function readsResult(): Promise<void> {
  const result = await lock.run(() => 5);
  if (result.type === "success") {
    expectTypeOf(result.value).toEqualTypeOf<number>();
  } else {
    expectTypeOf(result.error).toEqualTypeOf<KeyAlreadyAcquiredLockError>();
  }
  // @ts-expect-error: a result has to be looked at before its value.
  void result.value;
}

export async function readsState(): Promise<void> {
  const state = await lock.getState();
  switch (state.type) {
    case "ACQUIRED":
      expectTypeOf(state.remainingTime).toEqualTypeOf<TimeSpan | null>();
      break;
    case "UNAVAILABLE":
      expectTypeOf(state.owner).toEqualTypeOf<string>();
      break;
    default:
      expectTypeOf(state.type).toEqualTypeOf<"EXPIRED">();
  }
}

// Keys and owners are texts, or anything that yields them.
provider.create(["a", "b"], { owner: new Set(["a"]), ttl: null });
// @ts-expect-error: a number is no key.
provider.create(5);
// @ts-expect-error: numbers are no segments.
provider.create([5]);
// @ts-expect-error: a number of milliseconds is no ttl.
provider.create("key", { ttl: 5 });
// @ts-expect-error: a refresh without an end is none.
void lock.refresh(null);

// Events have the payload of their name.
void provider.addListener(LOCK_EVENTS.ACQUIRED, ({ ttl }) => expectTypeOf(ttl).toEqualTypeOf<TimeSpan | null>());
void provider.addListener("FORCE_RELEASED", (event) => {
  expectTypeOf(event.key).toEqualTypeOf<string>();
  // @ts-expect-error: a release by force is nobody's.
  void event.owner;
});
// @ts-expect-error: there is no such event.
void provider.addListener("LOST_AND_FOUND", () => undefined);
expectTypeOf<keyof LockEventMap>().toEqualTypeOf<keyof typeof LOCK_EVENTS>();

// The settings of a provider.
new LockProvider({ adapter: "memory:", defaultTtl: null, createOwnerId: { invoke: () => "owner" } });
new LockProvider({ eventBus: new EventBus<LockEventMap>({ adapter: new MemoryEventBusAdapter() }) });
// @ts-expect-error: an adapter has verbs.
new LockProvider({ adapter: {} });
expectTypeOf<MemoryLockAdapter>().toExtend<ILockAdapter>();
expectTypeOf<SqliteLockAdapter>().toExtend<ILockAdapter>();

// The primitives of vitest, and those of Node with a few assertions, fit the suites.
expectTypeOf({ expect, test, describe, beforeEach }).toExtend<TestPrimitives>();
expectTypeOf({ expect, ...node }).toExtend<TestPrimitives>();

export function addsSuites(): void {
  lockAdapterTestSuite({ expect, test, describe, beforeEach, createAdapter: () => new MemoryLockAdapter() });
  lockAdapterTestSuite({ expect, ...node, createAdapter: async () => new SqliteLockAdapter({ url: "sqlite:a" }) });
  // @ts-expect-error: the suite looks at what the verbs leave behind.
  lockAdapterTestSuite({ expect, ...node, createAdapter: (): ILockAdapter => new MemoryLockAdapter() });
  const subject: LockProviderSubject = { lockProvider: provider, otherLockProvider: provider };
  lockProviderTestSuite({ expect, test, describe, beforeEach, createLockProvider: () => subject });
}
