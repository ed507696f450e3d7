import { expect } from "vitest";
import type { TestPrimitives } from "../../ts/lock/test-utilities";

/** Writes down what a suite adds; the tests can be run afterwards. */
export class Recorder {
  private readonly preparations: (() => Promise<void>)[] = [];
  private readonly tests: { name: string; fn: () => Promise<void> }[] = [];
  private path: string[] = [];

  readonly primitives: TestPrimitives = {
    expect,
    test: (name, fn) => this.tests.push({ name: [...this.path, name].join(" > "), fn }),
    describe: (name, fn) => {
      const outer = this.path;
      this.path = [...outer, name];
      fn();
      this.path = outer;
    },
    beforeEach: (fn) => this.preparations.push(fn),
  };

  get names(): string[] {
    return this.tests.map(({ name }) => name);
  }

  /** The name of the first test that fails; `undefined`: none does. */
  async firstFailure(): Promise<string | undefined> {
    for (const { name, fn } of this.tests) {
      for (const prepare of this.preparations) {
        await prepare();
      }
      try {
        await fn();
      } catch {
        return name;
      }
    }
    return undefined;
  }
}
