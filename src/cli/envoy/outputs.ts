import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';

/** What a program that opens /dev/stdout and /dev/stderr by their names gets as standard output or error. */
export interface Output {
  /** For `stdio` of the program. */
  descriptor: number;
  /** The program has it: it is not needed here any more. */
  handedOver(): void;
}

/**
 * Files, terminals and pipes can be opened by the name /dev/stdout, sockets cannot: those are what other Node programs and systemd give.
 * Instead of a socket there is a pipe, and a program that passes on what comes.
 *
 * @param fifo path where a pipe may be made
 * @throws Error where it cannot be made
 */
export function openable(descriptor: 1 | 2, fifo: string): Output {
  if (!isSocket(descriptor)) return { descriptor, handedOver: () => {} };
  const { status, stderr } = spawnSync('mkfifo', ['-m', '600', fifo], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot make a pipe for the access log: ${stderr.trim()}`);
  // Ctrl-C is not for it: it ends with what it reads.
  const reader: ChildProcess = spawn('cat', [fifo], { stdio: ['ignore', descriptor, 'inherit'], detached: true });
  reader.unref();
  // Opens as soon as the reader has opened it.
  const own = openSync(fifo, 'w');
  return { descriptor: own, handedOver: () => closeSync(own) };
}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    // It is closed.
    return false;
  }
}
