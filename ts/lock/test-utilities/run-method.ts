import type { AsyncLazy, LazyPromise } from "../../async";
import { isResultFailure, isResultSuccess } from "../../utilities";
import type { ILock } from "../contracts";
import { ONE_TRY } from "./lock-method";

/** A method of a lock that calls a function while it holds the lock. */
export interface RunMethod {
  readonly name: "run" | "runOrFail" | "runBlocking" | "runBlockingOrFail";
  /** The method it acquires by. */
  readonly acquire: "acquire" | "acquireOrFail" | "acquireBlocking" | "acquireBlockingOrFail";
  /** Calls it, for one try if it is a blocking one. */
  readonly call: <T>(lock: ILock, fn: AsyncLazy<T>) => LazyPromise<unknown>;
}

/** All of them, for loops. */
export const RUN_METHODS: readonly RunMethod[] = [
  { name: "run", acquire: "acquire", call: (lock, fn) => lock.run(fn) },
  { name: "runOrFail", acquire: "acquireOrFail", call: (lock, fn) => lock.runOrFail(fn) },
  { name: "runBlocking", acquire: "acquireBlocking", call: (lock, fn) => lock.runBlocking(fn, ONE_TRY) },
  {
    name: "runBlockingOrFail",
    acquire: "acquireBlockingOrFail",
    call: (lock, fn) => lock.runBlockingOrFail(fn, ONE_TRY),
  },
];

/** What a run came to, told alike for those that answer a `Result` and those that answer a value or throw. */
export type RunOutcome = { readonly value: unknown } | { readonly refusal: unknown } | { readonly thrown: unknown };

/** Waits for a run. */
export async function outcomeOf({ name }: RunMethod, running: PromiseLike<unknown>): Promise<RunOutcome> {
  const answersResult = name === "run" || name === "runBlocking";
  return running.then(
    (answer) => {
      if (!answersResult) {
        return { value: answer };
      }
      if (isResultSuccess(answer)) {
        return { value: answer.value };
      }
      return isResultFailure(answer) ? { refusal: answer.error } : { value: "no Result was answered" };
    },
    (error: unknown) => (answersResult ? { thrown: error } : { refusal: error }),
  );
}

/** Writes the calls of some methods of a lock into a log from now on; they still do what they did. */
export function recordCalls(lock: ILock, names: readonly (keyof ILock)[], log: string[]): void {
  for (const name of names) {
    const original = lock[name] as (...args: unknown[]) => unknown;
    replace(lock, name, (...args) => {
      log.push(name);
      return Reflect.apply(original, lock, args);
    });
  }
}

/** Puts a function in the place of a method, as spies of test runners do. */
export function replace(lock: ILock, name: keyof ILock, by: (...args: unknown[]) => unknown): void {
  Object.assign(lock, { [name]: by });
}
