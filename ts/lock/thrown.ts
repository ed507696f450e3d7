/** What adapters of the application threw, on its way through the engine, which carries only the tickets. */
const things = new Map<number, unknown>();
let lastTicket = 0;

/** Puts something aside and answers the ticket for it. */
export function deposit(thing: unknown): number {
  lastTicket = (lastTicket + 1) % 2 ** 32;
  things.set(lastTicket, thing);
  return lastTicket;
}

/** Hands out what a ticket stands for, once. */
export function collect(ticket: number): unknown {
  const thing = things.get(ticket);
  things.delete(ticket);
  return thing;
}
