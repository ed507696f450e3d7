import type { Promisable } from "../../utilities";
import type { Bench } from "./bench";
import { logEvents } from "./event-log";
import { testAnswers } from "./parts/answers";
import { testBlocking } from "./parts/blocking";
import { testEffects } from "./parts/effects";
import { testEvents } from "./parts/events";
import { testFence } from "./parts/fence";
import { testIdentity } from "./parts/identity";
import { testLaziness } from "./parts/laziness";
import { testListening } from "./parts/listening";
import { testRefresh } from "./parts/refresh";
import { testRetry } from "./parts/retry";
import { testRun } from "./parts/run";
import { testRunFailures } from "./parts/run-failures";
import { testState } from "./parts/state";
import { type LockProviderSubject, Scene } from "./scene";
import type { TestPrimitives } from "./test-primitives";

/** Settings of {@link lockProviderTestSuite}. */
export interface LockProviderTestSuiteSettings extends TestPrimitives {
  /**
   * Called before each test. The keys of the suite are new, so that the providers may all share one database. Events must
   * reach listeners before the method that they tell of is over, as they do with the default event bus.
   */
  readonly createLockProvider: () => Promisable<LockProviderSubject>;
}

const PARTS: readonly ((bench: Bench) => void)[] = [
  testAnswers,
  testEffects,
  testEvents,
  testBlocking,
  testRun,
  testRunFailures,
  testRefresh,
  testState,
  testFence,
  testIdentity,
  testListening,
  testLaziness,
  testRetry,
];

/**
 * Adds the tests that a lock provider must pass over every adapter: what each method of a lock answers, throws, leaves
 * behind and tells in events, for a key in each state and from wherever it is asked.
 *
 * Nothing in it depends on the speed of the machine; a test may wait up to 30 seconds before it fails.
 */
export function lockProviderTestSuite(settings: LockProviderTestSuiteSettings): void {
  const { expect, test, describe, beforeEach } = settings;
  let subject: LockProviderSubject;
  const bench: Bench = {
    expect,
    test,
    describe,
    beforeEach,
    subject: () => subject,
    set: (state) => Scene.set(subject, state),
    log: () => logEvents(subject.lockProvider),
  };
  describe("lock provider", () => {
    beforeEach(async () => {
      subject = await settings.createLockProvider();
    });
    for (const addTests of PARTS) {
      addTests(bench);
    }
  });
}
