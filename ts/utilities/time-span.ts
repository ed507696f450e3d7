import { inspect, types } from "node:util";
import type { DateRange } from "./date-range";
import { DAY, HOUR, MINUTE, readDuration, SECOND, writeDuration } from "./duration-text";
import { InvalidInputError } from "./errors";

/**
 * Key of the method that makes an object usable as a length of time. It is in the global symbol registry, so that two
 * copies of this package in one process understand each other's time spans.
 */
export const TO_MILLISECONDS: unique symbol = Symbol.for("holdfast.TimeSpan.toMilliseconds");

/** Anything that knows its length in milliseconds: a {@link TimeSpan}, or a duration made to answer the same. */
export interface ITimeSpan {
  /** The length in milliseconds: finite and not negative; fractions are allowed. */
  [TO_MILLISECONDS](): number;
}

/** The furthest moment a `Date` can hold, in milliseconds from 1970. */
const MAX_DATE = 8_640_000_000_000_000;

/**
 * An immutable length of time, never negative and always finite.
 *
 * Kept in milliseconds; fractions are kept. Arithmetic returns a new time span, and subtraction stops at zero.
 */
export class TimeSpan implements ITimeSpan {
  private constructor(private readonly milliseconds: number) {}

  /**
   * @param milliseconds Zero or more.
   * @throws InvalidInputError if it is not a finite number of zero or more.
   */
  static fromMilliseconds(milliseconds: number): TimeSpan {
    return new TimeSpan(checked(milliseconds, 1, "milliseconds"));
  }

  /**
   * @param seconds Zero or more.
   * @throws InvalidInputError if it is not a finite number of zero or more.
   */
  static fromSeconds(seconds: number): TimeSpan {
    return new TimeSpan(checked(seconds, SECOND, "seconds"));
  }

  /**
   * @param minutes Zero or more.
   * @throws InvalidInputError if it is not a finite number of zero or more.
   */
  static fromMinutes(minutes: number): TimeSpan {
    return new TimeSpan(checked(minutes, MINUTE, "minutes"));
  }

  /**
   * @param hours Zero or more.
   * @throws InvalidInputError if it is not a finite number of zero or more.
   */
  static fromHours(hours: number): TimeSpan {
    return new TimeSpan(checked(hours, HOUR, "hours"));
  }

  /**
   * @param days Zero or more, of 24 hours each.
   * @throws InvalidInputError if it is not a finite number of zero or more.
   */
  static fromDays(days: number): TimeSpan {
    return new TimeSpan(checked(days, DAY, "days"));
  }

  /**
   * Makes a `TimeSpan` of anything that knows its length; a `TimeSpan` is returned as it is.
   *
   * @throws InvalidInputError if it is not an {@link ITimeSpan}, or reports a length that is negative or not finite.
   */
  static fromTimeSpan(timeSpan: ITimeSpan): TimeSpan {
    return timeSpan instanceof TimeSpan ? timeSpan : new TimeSpan(millisecondsOf(timeSpan));
  }

  /**
   * Reads text such as `"5s"`, `"1.5h"`, `"250ms"` or `"1h 30m"`, the form {@link toString} writes.
   *
   * @param text One or more numbers, each followed by a unit: `d`, `h`, `m`, `s` or `ms`.
   * @throws InvalidInputError if it reads differently.
   */
  static fromStr(text: string): TimeSpan {
    return TimeSpan.fromMilliseconds(readDuration(text));
  }

  /**
   * The time between two moments, or zero if the second is not later than the first.
   *
   * @throws InvalidInputError if a moment is not a valid `Date`.
   */
  static fromDateRange(from: Date, to: Date): TimeSpan;
  /**
   * The time from `start` to `end`, or zero if `end` is not later than `start`. An end left out is the present moment.
   *
   * @throws InvalidInputError if a moment is not a valid `Date`.
   */
  static fromDateRange(range: DateRange): TimeSpan;
  static fromDateRange(fromOrRange: Date | DateRange, to?: Date): TimeSpan {
    const range = types.isDate(fromOrRange) ? { start: fromOrRange, end: to } : fromOrRange;
    if (typeof range !== "object" || range === null) {
      throw new InvalidInputError(`Expected two dates or { start, end }, got ${inspect(range)}`);
    }
    const now = new Date();
    const { start = now, end = now } = range;
    return new TimeSpan(Math.max(0, moment(end) - moment(start)));
  }

  /**
   * Restores a time span from what {@link serialize} returned.
   *
   * @param milliseconds Zero or more.
   * @throws InvalidInputError if it is not a finite number of zero or more.
   */
  static deserialize(milliseconds: number): TimeSpan {
    return TimeSpan.fromMilliseconds(milliseconds);
  }

  /** The length in milliseconds, for {@link deserialize}. */
  serialize(): number {
    return this.milliseconds;
  }

  /** The length in milliseconds. */
  [TO_MILLISECONDS](): number {
    return this.milliseconds;
  }

  /** The length in milliseconds, with any fraction. */
  toMilliseconds(): number {
    return this.milliseconds;
  }

  /** Whole seconds, rounded down. */
  toSeconds(): number {
    return Math.floor(this.milliseconds / SECOND);
  }

  /** Whole minutes, rounded down. */
  toMinutes(): number {
    return Math.floor(this.milliseconds / MINUTE);
  }

  /** Whole hours, rounded down. */
  toHours(): number {
    return Math.floor(this.milliseconds / HOUR);
  }

  /** Whole days of 24 hours, rounded down. */
  toDays(): number {
    return Math.floor(this.milliseconds / DAY);
  }

  /** The length in the units it is made of, such as `"1h 30m"`; zero is `"0ms"`. {@link fromStr} reads it back. */
  toString(): string {
    return writeDuration(this.milliseconds);
  }

  /** The moment this long after `start`, at most the last moment a `Date` can hold. */
  toEndDate(start: Date = new Date()): Date {
    return new Date(Math.min(MAX_DATE, moment(start) + this.milliseconds));
  }

  /** The moment this long before `end`, at least the first moment a `Date` can hold. */
  toStartDate(end: Date = new Date()): Date {
    return new Date(Math.max(-MAX_DATE, moment(end) - this.milliseconds));
  }

  /** Whether both are equally long. */
  equals(other: ITimeSpan): boolean {
    return this.milliseconds === millisecondsOf(other);
  }

  /** Whether this one is longer. */
  gt(other: ITimeSpan): boolean {
    return this.milliseconds > millisecondsOf(other);
  }

  /** Whether this one is longer, or both are equally long. */
  gte(other: ITimeSpan): boolean {
    return this.milliseconds >= millisecondsOf(other);
  }

  /** Whether this one is shorter. */
  lt(other: ITimeSpan): boolean {
    return this.milliseconds < millisecondsOf(other);
  }

  /** Whether this one is shorter, or both are equally long. */
  lte(other: ITimeSpan): boolean {
    return this.milliseconds <= millisecondsOf(other);
  }

  /** @throws InvalidInputError if it is not a finite number of zero or more. */
  addMilliseconds(milliseconds: number): TimeSpan {
    return this.addTimeSpan(TimeSpan.fromMilliseconds(milliseconds));
  }

  /** @throws InvalidInputError if it is not a finite number of zero or more. */
  addSeconds(seconds: number): TimeSpan {
    return this.addTimeSpan(TimeSpan.fromSeconds(seconds));
  }

  /** @throws InvalidInputError if it is not a finite number of zero or more. */
  addMinutes(minutes: number): TimeSpan {
    return this.addTimeSpan(TimeSpan.fromMinutes(minutes));
  }

  /** @throws InvalidInputError if it is not a finite number of zero or more. */
  addHours(hours: number): TimeSpan {
    return this.addTimeSpan(TimeSpan.fromHours(hours));
  }

  /** @throws InvalidInputError if it is not a finite number of zero or more. */
  addDays(days: number): TimeSpan {
    return this.addTimeSpan(TimeSpan.fromDays(days));
  }

  /** @throws InvalidInputError if it is not an {@link ITimeSpan}, or the sum is too long to be a number. */
  addTimeSpan(timeSpan: ITimeSpan): TimeSpan {
    return TimeSpan.fromMilliseconds(this.milliseconds + millisecondsOf(timeSpan));
  }

  /** Stops at zero. @throws InvalidInputError if it is not a finite number of zero or more. */
  subtractMilliseconds(milliseconds: number): TimeSpan {
    return this.subtractTimeSpan(TimeSpan.fromMilliseconds(milliseconds));
  }

  /** Stops at zero. @throws InvalidInputError if it is not a finite number of zero or more. */
  subtractSeconds(seconds: number): TimeSpan {
    return this.subtractTimeSpan(TimeSpan.fromSeconds(seconds));
  }

  /** Stops at zero. @throws InvalidInputError if it is not a finite number of zero or more. */
  subtractMinutes(minutes: number): TimeSpan {
    return this.subtractTimeSpan(TimeSpan.fromMinutes(minutes));
  }

  /** Stops at zero. @throws InvalidInputError if it is not a finite number of zero or more. */
  subtractHours(hours: number): TimeSpan {
    return this.subtractTimeSpan(TimeSpan.fromHours(hours));
  }

  /** Stops at zero. @throws InvalidInputError if it is not a finite number of zero or more. */
  subtractDays(days: number): TimeSpan {
    return this.subtractTimeSpan(TimeSpan.fromDays(days));
  }

  /** Stops at zero. @throws InvalidInputError if it is not an {@link ITimeSpan}. */
  subtractTimeSpan(timeSpan: ITimeSpan): TimeSpan {
    return new TimeSpan(Math.max(0, this.milliseconds - millisecondsOf(timeSpan)));
  }

  /**
   * This many times as long, rounded to whole milliseconds.
   *
   * @throws InvalidInputError if the factor is not a finite number of zero or more.
   */
  multiply(factor: number): TimeSpan {
    return TimeSpan.fromMilliseconds(Math.round(this.milliseconds * checked(factor, 1, "times")));
  }

  /**
   * The length divided by a number, rounded to whole milliseconds.
   *
   * @throws InvalidInputError if the divisor is not a finite number greater than zero.
   */
  divide(divisor: number): TimeSpan {
    if (divisor === 0) {
      throw new InvalidInputError("Cannot divide a time span by 0; pass a number greater than zero");
    }
    return TimeSpan.fromMilliseconds(Math.round(this.milliseconds / checked(divisor, 1, "parts")));
  }
}

function millisecondsOf(timeSpan: ITimeSpan): number {
  if (typeof timeSpan?.[TO_MILLISECONDS] === "function") {
    return checked(timeSpan[TO_MILLISECONDS](), 1, "milliseconds");
  }
  throw new InvalidInputError(
    `Expected a time span, got ${inspect(timeSpan)}; pass one such as TimeSpan.fromSeconds(5)`,
  );
}

function checked(count: number, unit: number, unitName: string): number {
  if (typeof count !== "number" || !(count >= 0) || !Number.isFinite(count * unit)) {
    throw new InvalidInputError(`Invalid number of ${unitName}: ${inspect(count)}; pass a finite number, zero or more`);
  }
  return count * unit;
}

function moment(date: Date): number {
  const time = types.isDate(date) ? date.getTime() : Number.NaN;
  if (Number.isNaN(time)) {
    throw new InvalidInputError(`Expected a valid Date, got ${inspect(date)}`);
  }
  return time;
}
