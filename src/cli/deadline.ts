import { parseDuration } from '../manifest/duration.ts';
import { CliError, exitCode, usageError } from './exit.ts';

/** A timer that is set for longer fires at once. */
const longestTimer = 2 ** 31 - 1;

/** The end of the time that `--timeout` gives. Work that never waits has to ask, because no timer fires meanwhile. */
export class Deadline {
  private readonly text: string;
  private readonly end: number;

  /** @param text the time as the user wrote it */
  constructor(text: string, nanoseconds: number) {
    this.text = text;
    this.end = performance.now() + nanoseconds / 1e6;
  }

  /** @throws CliError when the time is over */
  check(doing: string): void {
    if (performance.now() >= this.end) throw this.over(doing);
  }

  /** The promise, or a rejection with CliError where the time ends before it. */
  async race<T>(pending: Promise<T>, doing: string): Promise<T> {
    const left = Math.max(0, this.end - performance.now());
    if (left > longestTimer) return pending;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.over(doing)), left);
    });
    try {
      return await Promise.race([pending, over]);
    } finally {
      clearTimeout(timer);
    }
  }

  private over(doing: string): CliError {
    return new CliError(
      `gave up after ${this.text}, while ${doing}`,
      exitCode.error,
      'Nothing is reported. Give it more time with --timeout, or name less input.',
    );
  }
}

/**
 * What starts the time of `--timeout`; undefined where there is no limit, which `0` says, too.
 *
 * @throws CliError (usage) for what is no duration
 */
export function parseTimeout(value: string | undefined): (() => Deadline) | undefined {
  if (value === undefined) return undefined;
  const nanoseconds = parseDuration(value);
  if (nanoseconds === undefined || nanoseconds < 0) throw usageError(`--timeout takes a duration such as 30s or 1m30s, not "${value}"`);
  return nanoseconds === 0 ? undefined : () => new Deadline(value, nanoseconds);
}
