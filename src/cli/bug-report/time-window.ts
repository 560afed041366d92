import { parseDuration } from '../../manifest/duration.ts';
import { usageError } from '../exit.ts';

/** Which lines of logs are wanted; undefined is without a limit. */
export interface TimeWindow {
  start: Date | undefined;
  end: Date | undefined;
}

/** @throws CliError (usage) */
export function parseWindow({ startTime, endTime, duration }: { startTime?: string; endTime?: string; duration?: string }, now: Date): TimeWindow {
  const end = endTime === undefined ? undefined : parseTime('end-time', endTime);
  if (duration !== undefined) {
    if (startTime !== undefined) throw usageError('--start-time and --duration say the same: give one');
    const nanoseconds = parseDuration(duration);
    if (nanoseconds === undefined || nanoseconds <= 0) throw usageError(`--duration takes a duration such as 30m or 2h, not "${duration}"`);
    return { start: new Date((end ?? now).getTime() - nanoseconds / 1e6), end };
  }
  const start = startTime === undefined ? undefined : parseTime('start-time', startTime);
  if (start && end && start > end) throw usageError(`--start-time ${startTime} is after --end-time ${endTime}`);
  if (start && start > now) throw usageError(`--start-time ${startTime} has not come yet`);
  return { start, end };
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

function parseTime(flag: string, text: string): Date {
  const time = rfc3339.test(text) ? new Date(text.replace(' ', 'T')) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime())) throw usageError(`--${flag} takes a time of RFC 3339 such as 2026-01-31T23:59:00Z, not "${text}"`);
  return time;
}
