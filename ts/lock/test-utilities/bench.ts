import type { LoggedEvent } from "./event-log";
import type { KeyState } from "./key-state";
import type { LockProviderSubject, Scene } from "./scene";
import type { TestPrimitives } from "./test-primitives";

/** What the parts of {@link lockProviderTestSuite} work with. The functions are for inside a test. */
export interface Bench extends TestPrimitives {
  /** The providers of the running test. */
  readonly subject: () => LockProviderSubject;
  /** Locks on a new key in a state; in none nobody ever held it. */
  readonly set: (state?: KeyState) => Promise<Scene>;
  /** The events of the provider under test from now on. */
  readonly log: () => Promise<LoggedEvent[]>;
}
