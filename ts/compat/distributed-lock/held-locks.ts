import { within } from "../within";

/** Gives a lock back that its holder will not give back any more. Never rejects. */
export type GiveBack = () => Promise<void>;

/** The signals that end a process unless it listens to them, and can be listened to. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** A process that is to end does so after this many milliseconds, whether its locks are given back or not. */
const LONGEST_FAREWELL = 2_000;

const held = new Set<GiveBack>();
let isListening = false;

/** The lock is given back should the process come to its end before {@link forget}. */
export function remember(giveBack: GiveBack): void {
  if (!isListening) {
    isListening = true;
    for (const signal of SIGNALS) {
      // Before the listeners of the application, some of which take themselves away when they are called.
      process.prependListener(signal, endBySignal);
    }
    process.on("beforeExit", giveBackAll);
  }
  held.add(giveBack);
}

/** The lock is given back already. */
export function forget(giveBack: GiveBack): void {
  held.delete(giveBack);
  if (held.size === 0) {
    stopListening();
  }
}

/**
 * A signal that the application listens to is for the application: its sections may well go on, and keep their locks. One
 * that it does not listen to would have ended the process at once, and does so as soon as the locks are given back.
 */
function endBySignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) {
    return;
  }
  void within(giveBackAll(), LONGEST_FAREWELL).then(() => {
    stopListening();
    process.kill(process.pid, signal);
  });
}

/** When nothing is left that could ever end a section, either. */
async function giveBackAll(): Promise<void> {
  const all = [...held];
  held.clear();
  await Promise.all(all.map((giveBack) => giveBack()));
  if (held.size === 0) {
    stopListening();
  }
}

function stopListening(): void {
  isListening = false;
  for (const signal of SIGNALS) {
    process.removeListener(signal, endBySignal);
  }
  process.removeListener("beforeExit", giveBackAll);
}
