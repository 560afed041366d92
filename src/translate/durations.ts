import { parseDuration } from '../manifest/duration.ts';

/** Milliseconds of a written duration; undefined where none is written, or no duration. */
export function milliseconds(written: string | null | undefined): number | undefined {
  const nanoseconds = written ? parseDuration(written) : undefined;
  return nanoseconds === undefined ? undefined : nanoseconds / 1e6;
}

/** A duration below zero is none. */
export function notNegative(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.max(ms, 0);
}
