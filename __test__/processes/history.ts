/** A stay in a critical section, as the process that was in it noted it. All times are in milliseconds of one clock. */
export interface Section {
  readonly key: string;
  readonly pid: number;
  readonly task: number;
  readonly asked: number;
  /** Before `leaseEndsAfter`. */
  readonly entered: number;
  /** The lease ends between these, unless it is released: nearer than this it cannot be known. */
  readonly leaseEndsAfter: number;
  readonly leaseEndsBefore: number;
  /** What the counter of the key was then. */
  readonly value: number;
  /** After the counter was written, before the lock was released; missing if the process was killed before. */
  left?: number;
  /** What the release answered, and when; missing if the process was killed before. */
  released?: { readonly was: boolean; readonly at: number };
}

/** A lock whose lease may have been over when its holder came to run, so that it did not enter. */
export interface LateLock {
  readonly key: string;
  readonly pid: number;
  readonly task: number;
  readonly asked: number;
  readonly leaseEndsBefore: number;
}

/** What one process did. */
export interface Log {
  readonly sections: readonly Section[];
  readonly late: readonly LateLock[];
}

type Note =
  | ({ event: "entered"; section: number } & Omit<Section, "pid" | "left" | "released">)
  | { event: "left"; section: number; at: number }
  | { event: "released"; section: number; was: boolean; at: number }
  | ({ event: "late"; section: number } & Omit<LateLock, "pid">);

/** Leases are judged by the clock that tells the time of day, in whole milliseconds; it runs a little off the other. */
const CLOCK_TOLERANCE = 50;

/** Reads what a process noted. The last line may be torn. */
export function readLog(pid: number, text: string): Log {
  const sections = new Map<number, Section>();
  const late: LateLock[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    const { event, section: number, ...note }: Note = JSON.parse(line);
    const section = sections.get(number);
    if ("entered" in note) {
      sections.set(number, { pid, ...note });
    } else if ("asked" in note) {
      late.push({ pid, ...note });
    } else if (section !== undefined && "was" in note) {
      section.released = note;
    } else if (section !== undefined) {
      section.left = note.at;
    }
  }
  return { sections: [...sections.values()], late };
}

/**
 * What contradicts that the sections of one key excluded each other, and the number of those that outlasted their lease.
 *
 * - Released by its holder, the section was protected to its end: the release has answered that the lease was there.
 * - Not released, because the holder was killed first, the key stays locked until the lease is over.
 * - What a holder does later, if it is kept from running for longer than the ttl, no lock with a ttl can prevent. Then the
 *   counter proves nothing; all else still does.
 */
export function examine(
  sections: readonly Section[],
  counter: number,
  ttl: number,
  diedAt: ReadonlyMap<number, number>,
): { contradictions: string[]; outlasted: number } {
  const contradictions: string[] = [];
  const miscounts: string[] = [];
  let outlasted = 0;
  let lockedUntil = 0;
  let possible: readonly number[] = [0];
  for (const section of sections.toSorted((one, other) => one.entered - other.entered)) {
    const { entered, value, left, released } = section;
    if (entered < lockedUntil) {
      contradictions.push(`${name(section)} was entered ${lockedUntil - entered} ms too early`);
    }
    if (!possible.includes(value)) {
      miscounts.push(`${name(section)} found ${value} instead of ${possible.join(" or ")}`);
    }
    // A process killed in its section may have written the counter or not.
    possible = left === undefined ? [value, value + 1] : [value + 1];

    const leaseEnds = section.leaseEndsAfter - CLOCK_TOLERANCE;
    if (leaseEnds > entered + ttl) {
      contradictions.push(`${name(section)} has a lease until after ${leaseEnds} ms, which is too long`);
    }
    if (released?.was) {
      lockedUntil = left ?? leaseEnds;
      continue;
    }
    if (released !== undefined && released.at < leaseEnds) {
      contradictions.push(`${name(section)} had lost its lease ${leaseEnds - released.at} ms too early`);
    }
    outlasted += (left ?? diedAt.get(section.pid) ?? Number.POSITIVE_INFINITY) > leaseEnds ? 1 : 0;
    lockedUntil = Math.min(left ?? leaseEnds, leaseEnds);
  }
  if (!possible.includes(counter)) {
    miscounts.push(`the counter is ${counter} in the end instead of ${possible.join(" or ")}`);
  }
  return { contradictions: outlasted > 0 ? contradictions : [...contradictions, ...miscounts], outlasted };
}

/** Those whose lease was shorter than the ttl that was asked for. */
export function examineLeases(leases: readonly (Section | LateLock)[], ttl: number): string[] {
  return leases
    .filter(({ asked, leaseEndsBefore }) => leaseEndsBefore < asked + ttl - CLOCK_TOLERANCE)
    .map(({ key, pid, task, asked, leaseEndsBefore }) => {
      const lock = `the lock on ${key} of task ${task} of process ${pid}`;
      return `${lock}, asked for at ${asked} ms, was over before ${leaseEndsBefore} ms`;
    });
}

function name({ key, pid, task, entered }: Section): string {
  return `the section of ${key} by task ${task} of process ${pid} at ${entered} ms`;
}
