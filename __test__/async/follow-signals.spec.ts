import { expect, test } from "vitest";
import { followSignals } from "../../ts/async/follow-signals";

test.each([0, 1])("a signal follows each of those it is made of, as %i", (place) => {
  const controllers = [new AbortController(), new AbortController()];
  const reasons = [new Error("first"), new Error("second")];
  const { signal } = followSignals(controllers.map((controller) => controller.signal));
  expect(signal.aborted).toBe(false);
  controllers[place]?.abort(reasons[place]);
  expect(signal.reason).toBe(reasons[place]);
  // What comes later changes nothing.
  controllers[1 - place]?.abort(reasons[1 - place]);
  expect(signal.reason).toBe(reasons[place]);
});

test("a signal of which one is aborted already is aborted from the start", () => {
  const reason = new Error("before");
  const { signal, forget } = followSignals([new AbortController().signal, AbortSignal.abort(reason)]);
  expect(signal.reason).toBe(reason);
  forget();
});

test("a signal that is forgotten follows nobody any more", () => {
  const controller = new AbortController();
  const { signal, forget } = followSignals([controller.signal]);
  forget();
  controller.abort();
  expect(signal.aborted).toBe(false);
});
