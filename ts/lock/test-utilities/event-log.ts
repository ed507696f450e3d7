import type { ILockListenable } from "../contracts";
import { LOCK_EVENTS, type LockEventMap } from "../contracts";

/** An event that a provider told of. */
export interface LoggedEvent {
  readonly name: keyof LockEventMap;
  readonly event: unknown;
}

/** Writes down every event of a provider from now on, in an array that grows. */
export async function logEvents(provider: ILockListenable): Promise<LoggedEvent[]> {
  const log: LoggedEvent[] = [];
  for (const name of Object.values(LOCK_EVENTS)) {
    await provider.addListener(name, (event) => {
      log.push({ name, event });
    });
  }
  return log;
}

/** How many events of a name were written down. */
export function count(log: readonly LoggedEvent[], name: keyof LockEventMap): number {
  return log.filter((logged) => logged.name === name).length;
}
