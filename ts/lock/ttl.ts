import { NO_END, refuseBadTtl } from "../native";
import type { ITimeSpan } from "../utilities/time-span";
import { TimeSpan } from "../utilities/time-span";

/** A ttl that was checked, in the forms it is needed in. */
export interface CheckedTtl {
  /** `null`: no end. */
  readonly timeSpan: TimeSpan | null;
  /** As the engine takes it. */
  readonly milliseconds: number;
}

/** @throws InvalidInputError if no lease can last that long. */
export function checkTtl(ttl: ITimeSpan | null): CheckedTtl {
  if (ttl === null) {
    return { timeSpan: null, milliseconds: NO_END };
  }
  const timeSpan = TimeSpan.fromTimeSpan(ttl);
  const milliseconds = timeSpan.toMilliseconds();
  refuseBadTtl(milliseconds);
  return { timeSpan, milliseconds };
}
