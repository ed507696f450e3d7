import { channel } from "node:diagnostics_channel";

/** Takes an error that belongs to no caller. What it answers is not looked at, beyond an error of its own. */
export type EventErrorHandler = (error: unknown, eventName: string) => unknown;

/** An error of no caller, as it is published on the channel `holdfast:event-bus:error`. */
export interface EventBusErrorMessage {
  /** What was thrown. */
  readonly error: unknown;
  /** The event it happened with, without the namespace if a bus says so, with it if an adapter does. */
  readonly eventName: string;
}

const ERRORS = channel("holdfast:event-bus:error");

/**
 * Hands an error of no caller to the handler or, without one, to the channel; so too an error of the handler. Never
 * throws.
 *
 * @internal
 */
export function reportError(onError: EventErrorHandler | undefined, error: unknown, eventName: string): void {
  if (onError === undefined) {
    publish(error, eventName);
    return;
  }
  try {
    Promise.resolve(onError(error, eventName)).catch((failure) => publish(failure, eventName));
  } catch (failure) {
    publish(failure, eventName);
  }
}

function publish(error: unknown, eventName: string): void {
  ERRORS.publish({ error, eventName } satisfies EventBusErrorMessage);
}
