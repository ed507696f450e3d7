import type { LazyPromise } from "../../../async";
import { constantBackoffPolicy, retry } from "../../../async";
import { TimeSpan } from "../../../utilities";
import type { ILock } from "../../contracts";
import { KeyAlreadyAcquiredLockError, LOCK_EVENTS } from "../../contracts";
import type { Bench } from "../bench";
import { count } from "../event-log";
import { KEY_STATES } from "../key-state";
import { until } from "../patience";

const { UNAVAILABLE, ACQUIRED } = LOCK_EVENTS;

const backoffPolicy = constantBackoffPolicy({ delay: TimeSpan.fromMilliseconds(1), jitter: null });
const onFalse = { treatFalseAsError: true };
const onThrow = KeyAlreadyAcquiredLockError;

/** The methods that take no settings to try more than once, each with the retry that makes them do so. */
const METHODS: readonly [string, (lock: ILock, maxAttempts: number) => LazyPromise<unknown>][] = [
  ["acquire", (lock, maxAttempts) => lock.acquire().pipe(retry({ maxAttempts, errorPolicy: onFalse, backoffPolicy }))],
  [
    "acquireOrFail",
    (lock, maxAttempts) => lock.acquireOrFail().pipe(retry({ maxAttempts, errorPolicy: onThrow, backoffPolicy })),
  ],
  [
    "run",
    (lock, maxAttempts) => lock.run(() => undefined).pipe(retry({ maxAttempts, errorPolicy: onFalse, backoffPolicy })),
  ],
  [
    "runOrFail",
    (lock, maxAttempts) =>
      lock.runOrFail(() => undefined).pipe(retry({ maxAttempts, errorPolicy: onThrow, backoffPolicy })),
  ],
];

/** What the retry middleware makes of the methods. */
export function testRetry({ expect, test, describe, set, log }: Bench): void {
  describe("retry", () => {
    for (const [name, call] of METHODS) {
      test(`lets ${name} try as often as it is told`, async () => {
        const { lock } = await set(KEY_STATES.othersEndless);
        const events = await log();
        await call(lock, 3).catch(() => undefined);
        expect(events.map((logged) => logged.name)).toEqual([UNAVAILABLE, UNAVAILABLE, UNAVAILABLE]);
      });

      test(`lets ${name} try until the key is free`, async () => {
        const { lock, rival } = await set(KEY_STATES.othersEndless);
        const events = await log();
        const trying = call(lock, Number.MAX_SAFE_INTEGER).then(() => undefined);
        await until(() => count(events, UNAVAILABLE) > 1, "it had tried twice");
        await rival.release();
        await trying;
        expect(count(events, ACQUIRED)).toBe(1);
      });
    }
  });
}
