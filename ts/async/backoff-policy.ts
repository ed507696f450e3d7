import { inspect } from "node:util";
import { InvalidInputError } from "../utilities/errors";
import type { Invokable } from "../utilities/invokable";
import { type ITimeSpan, TimeSpan } from "../utilities/time-span";

/** How long to wait after a failed attempt. Attempts count from 1; the error is what the attempt failed with. */
export type BackoffPolicy = Invokable<[attempt: number, error: unknown], ITimeSpan>;

/** A policy's settings, or a function that picks them by the error, called anew for every wait. */
export type BackoffSettings<Settings> = Settings | ((error: unknown) => Settings);

/** What all backoff policies have in common. */
export interface JitterSettings {
  /**
   * Which part of a wait is random, from 0 to 1: a wait of 1 s with a jitter of 0.5 takes between 0.5 s and 1 s. It
   * keeps those who failed together from trying again together. `null` and 0 turn it off. Default 0.5.
   */
  jitter?: number | null | undefined;
}

/** Settings of {@link constantBackoffPolicy}. */
export interface ConstantBackoffSettings extends JitterSettings {
  /** Default 1 s. */
  delay?: ITimeSpan | undefined;
}

/** Settings of {@link linearBackoffPolicy}. */
export interface LinearBackoffSettings extends JitterSettings {
  /** The first wait, and what each further one adds. Default 1 s. */
  minDelay?: ITimeSpan | undefined;
  /** The longest wait. Default 6 s. */
  maxDelay?: ITimeSpan | undefined;
}

/** Settings of {@link polynomialBackoffPolicy}. */
export interface PolynomialBackoffSettings extends LinearBackoffSettings {
  /** The power of the attempt that `minDelay` is multiplied by. Default 2. */
  degree?: number | undefined;
}

/** Settings of {@link exponentialBackoffPolicy}. */
export interface ExponentialBackoffSettings extends JitterSettings {
  /** Half of the first wait, with the default multiplier. Default 1 s. */
  minDelay?: ITimeSpan | undefined;
  /** The longest wait. Default 60 s. */
  maxDelay?: ITimeSpan | undefined;
  /** What each wait is longer than the one before by. Default 2. */
  multiplier?: number | undefined;
}

/** Waits the same time after every attempt. */
export function constantBackoffPolicy(settings: BackoffSettings<ConstantBackoffSettings> = {}): BackoffPolicy {
  return (_attempt, error) => {
    const { delay = SECOND, jitter } = settingsFor(settings, error);
    return grow(delay, 1, delay, jitter);
  };
}

/** Waits `minDelay * attempt`, at most `maxDelay`. */
export function linearBackoffPolicy(settings: BackoffSettings<LinearBackoffSettings> = {}): BackoffPolicy {
  return (attempt, error) => {
    const { minDelay = SECOND, maxDelay = SIX_SECONDS, jitter } = settingsFor(settings, error);
    return grow(minDelay, attempt, maxDelay, jitter);
  };
}

/** Waits `minDelay * attempt ** degree`, at most `maxDelay`. */
export function polynomialBackoffPolicy(settings: BackoffSettings<PolynomialBackoffSettings> = {}): BackoffPolicy {
  return (attempt, error) => {
    const { minDelay = SECOND, maxDelay = SIX_SECONDS, degree = 2, jitter } = settingsFor(settings, error);
    return grow(minDelay, attempt ** degree, maxDelay, jitter);
  };
}

/** Waits `minDelay * multiplier ** attempt`, at most `maxDelay`. */
export function exponentialBackoffPolicy(settings: BackoffSettings<ExponentialBackoffSettings> = {}): BackoffPolicy {
  return (attempt, error) => {
    const { minDelay = SECOND, maxDelay = MINUTE, multiplier = 2, jitter } = settingsFor(settings, error);
    return grow(minDelay, multiplier ** attempt, maxDelay, jitter);
  };
}

const SECOND = TimeSpan.fromSeconds(1);
const SIX_SECONDS = TimeSpan.fromSeconds(6);
const MINUTE = TimeSpan.fromMinutes(1);

function settingsFor<Settings extends object>(settings: BackoffSettings<Settings>, error: unknown): Settings {
  return typeof settings === "function" ? settings(error) : settings;
}

function grow(shortest: ITimeSpan, factor: number, longest: ITimeSpan, jitter: number | null = 0.5): TimeSpan {
  if (jitter !== null && !(typeof jitter === "number" && jitter >= 0 && jitter <= 1)) {
    throw new InvalidInputError(`Invalid jitter: ${inspect(jitter)}; pass a number from 0 to 1, or null for none`);
  }
  // An infinite factor would make no number of a delay of zero.
  const grown = TimeSpan.fromTimeSpan(shortest).toMilliseconds() * Math.min(factor, Number.MAX_VALUE);
  const delay = Math.min(TimeSpan.fromTimeSpan(longest).toMilliseconds(), grown);
  return TimeSpan.fromMilliseconds(delay * (1 - (jitter ?? 0) * Math.random()));
}
