// Not the global one, which tests replace by clocks of their own.
import { setImmediate } from "node:timers";
import { makeNoticeBoard, type NativeNoticeBoard, type NativeOutcome } from "../native";

/** Hears what the engine says of one wait or lease: the outcome of a wait, or how a lease stands. */
export type NoticeHearer = (outcome: NativeOutcome | undefined, standing: string | undefined) => void;

const TICKETS = 2 ** 32;

const hearers = new Map<number, NoticeHearer>();
let lastTicket = 0;

/** Where the engine says what it does of its own accord, to this JavaScript context. */
export const NOTICE_BOARD: NativeNoticeBoard = makeNoticeBoard((ticket, outcome, standing) => {
  // Behind the answers that have arrived together with it: of a key that changes hands, the release comes first.
  setImmediate(() => hearers.get(ticket)?.(outcome ?? undefined, standing ?? undefined));
});

/** Gives a ticket, under which a hearer is called from now on. It must not throw. */
export function hear(hearer: NoticeHearer): number {
  do {
    lastTicket = (lastTicket + 1) % TICKETS;
  } while (hearers.has(lastTicket));
  hearers.set(lastTicket, hearer);
  return lastTicket;
}

/** Takes a ticket back; its hearer is not called any more. */
export function unhear(ticket: number): void {
  hearers.delete(ticket);
}
