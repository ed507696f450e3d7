import { InvalidInputError } from "../utilities/errors";
import { type ITimeSpan, TimeSpan } from "../utilities/time-span";
import type { CheckedTtl } from "./ttl";

/** How a lease is kept. */
export interface KeepAliveSettings {
  /** How often it is renewed; less than the ttl. Default: at a third of the ttl. */
  every?: ITimeSpan | undefined;
  /** For how long it is kept at most; then it is lost, and lapses with its ttl. Default: for ever. */
  maxHold?: ITimeSpan | undefined;
  /**
   * For how long the event loop may be silent: after that the process counts as hung, and the lease is lost and lapses
   * with its ttl. Default: for ever, since renewal does not need the event loop.
   */
  maxEventLoopStall?: ITimeSpan | undefined;
}

/** Whether and how leases are kept. */
export type KeepAlive = boolean | KeepAliveSettings;

/** Settings that were checked, in milliseconds, as the engine takes them. */
export interface CheckedKeepAlive {
  readonly every?: number;
  readonly maxHold?: number;
  readonly maxStall?: number;
}

/**
 * `undefined`: leases are not kept.
 *
 * @throws InvalidInputError if a setting cannot be used with the ttl.
 */
export function checkKeepAlive(keepAlive: KeepAlive | undefined, ttl: CheckedTtl): CheckedKeepAlive | undefined {
  if (keepAlive === undefined || keepAlive === false) {
    return undefined;
  }
  const { every, maxHold, maxEventLoopStall } = keepAlive === true ? {} : keepAlive;
  const checked = {
    ...(every !== undefined && { every: positive("every", every) }),
    ...(maxHold !== undefined && { maxHold: positive("maxHold", maxHold) }),
    ...(maxEventLoopStall !== undefined && { maxStall: positive("maxEventLoopStall", maxEventLoopStall) }),
  };
  if (checked.every !== undefined && checked.every >= ttl.milliseconds) {
    throw new InvalidInputError(
      "keepAlive renews a lease less often than it ends; choose an every that is less than the ttl, a third of it at best",
    );
  }
  return checked;
}

function positive(name: string, time: ITimeSpan): number {
  const milliseconds = TimeSpan.fromTimeSpan(time).toMilliseconds();
  if (!(milliseconds > 0)) {
    throw new InvalidInputError(`keepAlive.${name} is no time; pass a TimeSpan of more than zero, or leave it out`);
  }
  return milliseconds;
}
