import { parseDuration } from '../../manifest/duration.ts';
import { usageError } from '../exit.ts';

/** @returns milliseconds, at most what a timer can be set for */
export function parseWait(flag: string, text: string): number {
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined || nanoseconds <= 0) throw usageError(`--${flag} takes a duration such as 5m or 90s, not "${text}"`);
  return Math.min(Math.max(1, Math.round(nanoseconds / 1e6)), 2 ** 31 - 1);
}
