import type { Deadline } from './deadline.ts';

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
