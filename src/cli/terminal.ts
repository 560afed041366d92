import { fstatSync, writeSync } from 'node:fs';
import { plainStyle, type Style } from '../analysis/report/style.ts';
import { CliError } from './exit.ts';

// Node's streams for stdout and stderr cost more to set up than all of a small report to print, so they are not used.
export type Stream = 'stdin' | 'stdout' | 'stderr';

const descriptors: Readonly<Record<Stream, number>> = { stdin: 0, stdout: 1, stderr: 2 };

/** Majors of Linux's terminal devices: consoles, /dev/tty, and the pseudo terminals. */
function isLinuxTerminal(device: number): boolean {
  const major = (device >> 8) & 0xfff;
  return major === 4 || major === 5 || (major >= 136 && major <= 143);
}

export function isTerminal(stream: Stream): boolean {
  const descriptor = descriptors[stream];
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isCharacterDevice()) return false;
    // node:tty takes four milliseconds to load, and /dev/null is a device, too.
    return process.platform === 'linux' ? isLinuxTerminal(stats.rdev) : process.getBuiltinModule('node:tty').isatty(descriptor);
  } catch {
    return false;
  }
}

/** Columns where the width of a terminal is not known. */
const usualWidth = 80;

/** Columns that a stream has: `COLUMNS`, else those of the terminal. */
export function widthOf(stream: 'stdout' | 'stderr'): number {
  const asked = Number(process.env.COLUMNS);
  if (Number.isInteger(asked) && asked > 0) return asked;
  return (isTerminal(stream) ? process[stream].columns : undefined) || usualWidth;
}

/** `--color` wins over NO_COLOR, that over FORCE_COLOR, that over what the stream is. */
export function wantsColour(flag: boolean | undefined, stream: Stream): boolean {
  if (flag !== undefined) return flag;
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return TERM !== 'dumb' && isTerminal(stream);
}

/** Colours for a stream. chalk is loaded only where there is colour. */
export async function styleFor(colour: boolean): Promise<Style> {
  if (!colour) return plainStyle;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return {
    error: (t) => chalk.bold.red(t),
    warning: (t) => chalk.yellow(t),
    info: (t) => chalk.cyan(t),
    strong: (t) => chalk.bold(t),
    dim: (t) => chalk.dim(t),
    good: (t) => chalk.green(t),
    link: (t) => chalk.underline(t),
  };
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes all of a text, at once. A reader of a pipe that went away (`weft … | head`) does not want the rest, which is no error: what
 * is found still decides the exit code.
 *
 * @throws CliError where standard output cannot be written, as on a disk that is full; of standard error nobody could be told
 */
export function write(stream: 'stdout' | 'stderr', text: string): void {
  let rest = Buffer.from(text, 'utf8');
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptors[stream], rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE' || (code !== 'EAGAIN' && stream === 'stderr')) return;
      if (code !== 'EAGAIN') throw new CliError(`standard output cannot be written: ${(error as Error).message}`);
      // The pipe is full, and its other end shares it as one that does not block.
      Atomics.wait(pause, 0, 0, 2);
    }
  }
}
