import { readSync } from 'node:fs';
import { CliError, exitCode, usageError } from '../exit.ts';
import { isTerminal, write } from '../terminal.ts';

/**
 * Asked before anything else is done: whether there is somebody to ask, or an answer already.
 *
 * @param without what may stand instead of an answer: `-y` and perhaps `--dry-run`
 * @throws CliError (usage) where nobody could answer
 */
export function checkCanConfirm(isConfirmed: boolean, without: string): void {
  if (isConfirmed || (isTerminal('stdin') && isTerminal('stderr'))) return;
  throw usageError('there is no terminal to ask for confirmation', `Say what you want with ${without}.`);
}

/**
 * Asks on the terminal.
 *
 * @throws CliError (`Cancelled.`) unless the answer is yes
 */
export function confirm(question: string): void {
  write('stderr', `${question} (y/N) `);
  const answer = readLine().trim().toLowerCase();
  if (answer === 'y' || answer === 'yes') return;
  throw new Cancelled();
}

/** The user did not want it: said without `Error:`. */
export class Cancelled extends CliError {
  constructor() {
    super('Cancelled.', exitCode.error);
  }
}

function readLine(): string {
  const byte = Buffer.allocUnsafe(1);
  const bytes: number[] = [];
  for (;;) {
    try {
      if (readSync(0, byte) === 0) break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      continue;
    }
    const [next] = byte;
    if (next === undefined || next === 0x0a) break;
    bytes.push(next);
  }
  return Buffer.from(bytes).toString('utf8');
}
