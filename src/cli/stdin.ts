import { readSync } from 'node:fs';
import { maxFileBytes } from '../manifest/files.ts';
import type { Deadline } from './deadline.ts';
import { CliError } from './exit.ts';

/** All of the standard input, or a rejection when the time is over: a plain read would wait for a writer that never ends. */
export async function readStdin(deadline: Deadline): Promise<string> {
  const { stdin } = process;
  const read = async (): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('utf8');
  };
  try {
    return await deadline.race(read(), 'reading standard input');
  } finally {
    // An open stream would keep the process.
    stdin.destroy();
  }
}

/**
 * As `readStdin`, without a limit: plain reads, because the stream of standard input takes milliseconds to load.
 *
 * @throws CliError for what cannot be read, such as a directory
 */
export function readStdinSync(): string {
  const chunks: Buffer[] = [];
  let size = 0;
  while (size <= maxFileBytes) {
    const chunk = Buffer.allocUnsafe(65536);
    let length = 0;
    try {
      length = readSync(0, chunk);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') {
        // Another program set the pipe to not wait: so wait here.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        continue;
      }
      // EOF is how Windows tells the end of a pipe.
      if (code !== 'EOF') throw new CliError(`cannot read standard input: ${message}`);
    }
    if (length === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(chunk.subarray(0, length));
    size += length;
  }
  throw new CliError(`standard input has more than ${maxFileBytes / 1048576} MiB`);
}
