import { setInterval } from "node:timers";
import { LONGEST_TIMER } from "../async/wait";
import { answer, makeAnswerBoard, type NativeLock, type NativeOutcome, type NativeVerb } from "../native";

type Hearer = (outcomes: NativeOutcome[]) => void;

const TICKETS = 2 ** 32;

/** Those who wait for the outcomes of a batch, by its ticket. */
const hearers = new Map<number, Hearer>();
let lastTicket = 0;

// It never fires in time to matter: it keeps the process alive while an answer is under way, as a promise of Node would.
const underWay = setInterval(() => undefined, LONGEST_TIMER).unref();

const BOARD = makeAnswerBoard((ticket, outcomes) => {
  const hear = hearers.get(ticket);
  hearers.delete(ticket);
  if (hearers.size === 0) {
    underWay.unref();
  }
  hear?.(outcomes);
});

/** Sends a batch across, as columns of equal length, and calls back with its outcomes; in the same call, if they are there. */
export function cross(locks: NativeLock[], verbs: NativeVerb[], args: number[], hear: Hearer): void {
  lastTicket = (lastTicket + 1) % TICKETS;
  const ticket = lastTicket;
  const outcomes = answer(BOARD, ticket, locks, verbs, args);
  if (outcomes !== null) {
    hear(outcomes);
    return;
  }
  if (hearers.size === 0) {
    underWay.ref();
  }
  hearers.set(ticket, hear);
}
