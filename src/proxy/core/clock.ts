/** Time and chance, passed in so that every policy can be run on virtual time. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds, monotonic, with fractions. */
  now(): number;
  /** Milliseconds since 1970. */
  wallTime(): number;
  setTimer(ms: number, fire: () => void): Timer;
}

/** Uniform in [0, 1). */
export type Random = () => number;
