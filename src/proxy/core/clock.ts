/** Time and chance, passed in so that every policy can be run on virtual time. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds, monotonic, with fractions. */
  now(): number;
  /** Milliseconds since 1970. */
  wallTime(): number;
  /** @param from `now()` of the caller, who has just asked */
  setTimer(ms: number, fire: () => void, from?: number): Timer;
}

/** Uniform in [0, 1). */
export type Random = () => number;
