import { InvalidInputError } from "../utilities/errors";
import type { LockProviderCloseSettings } from "./contracts/lock-provider";

/** What can be closed: a lock provider. */
export interface Closable {
  /** See `LockProvider.close`. */
  close(settings: LockProviderCloseSettings): Promise<void>;
}

/** Settings of {@link closeOnSignals}. */
export interface CloseOnSignalsSettings extends LockProviderCloseSettings {
  /** Which signals. Default `["SIGTERM", "SIGINT"]`. */
  signals?: readonly NodeJS.Signals[] | undefined;
}

/**
 * Closes lock providers when the process is told to end, and then lets it end: nothing is granted any more, those who
 * hold locks have the time of `drain`, and what is left is released.
 *
 * The signal is sent again when that is done, and ends the process as it would have without this; unless the application
 * listens for it as well, and so decides by itself when to end. A second signal meanwhile ends it at once.
 *
 * @returns A function that takes it back.
 */
export function closeOnSignals(
  providers: Closable | readonly Closable[],
  settings: CloseOnSignalsSettings = {},
): () => void {
  const { signals = ["SIGTERM", "SIGINT"], ...closing } = settings;
  const everyProvider = Array.isArray(providers) ? (providers as readonly Closable[]) : [providers as Closable];
  if (!everyProvider.every((provider) => typeof provider?.close === "function")) {
    throw new InvalidInputError("What is to be closed is no lock provider; pass one, or a list of them");
  }
  const stop = (): void => {
    for (const signal of signals) {
      process.removeListener(signal, close);
    }
  };
  const close = async (signal: NodeJS.Signals): Promise<void> => {
    stop();
    await Promise.allSettled(everyProvider.map((provider) => provider.close(closing)));
    if (process.listenerCount(signal) === 0) {
      process.kill(process.pid, signal);
    }
  };
  for (const signal of signals) {
    process.on(signal, close);
  }
  return stop;
}
