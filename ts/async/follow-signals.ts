import { onAbort } from "./on-abort";

/** A signal that follows others, until it is told not to. */
export interface FollowingSignal {
  /** Aborted as soon as one of the others is, with its reason. */
  readonly signal: AbortSignal;
  /** After it, the others know nothing of the signal any more. */
  readonly forget: () => void;
}

/**
 * As `AbortSignal.any`, for signals that outlive many that follow them: they would remember each of those for as long as
 * they live, whether it is still used or not.
 *
 * @internal
 */
export function followSignals(signals: readonly AbortSignal[]): FollowingSignal {
  const controller = new AbortController();
  const aborted = signals.find((signal) => signal.aborted);
  if (aborted !== undefined) {
    controller.abort(aborted.reason);
    return { signal: controller.signal, forget: () => undefined };
  }
  const forgets = signals.map((signal) => onAbort(signal, () => controller.abort(signal.reason)));
  return {
    signal: controller.signal,
    forget: () => {
      for (const forget of forgets) {
        forget();
      }
    },
  };
}
