// Runs weft's command line again and again in one process: what the command does to its standard streams goes into files, as a shell would have it.
import { readFileSync, statSync } from 'node:fs';
import { main } from '../../src/cli/main.ts';

export interface CommandRequest {
  args: readonly string[];
}

export interface CommandAnswer {
  exit: number;
  stdout: string;
  stderr: string;
}

// Standard output and error are these files, which only grow.
const [stdout = '', stderr = ''] = process.argv.slice(2);
const sizes = new Map<string, number>();

function grown(file: string): string {
  const from = sizes.get(file) ?? 0;
  sizes.set(file, statSync(file).size);
  return readFileSync(file).subarray(from).toString('utf8');
}

process.on('message', async ({ args }: CommandRequest) => {
  process.exitCode = 0;
  await main(['node', 'weft', ...args]);
  const exit = Number(process.exitCode ?? 0);
  // Each run watches for a program that ends too early: this one goes on.
  process.removeAllListeners('beforeExit');
  process.exitCode = 0;
  process.send?.({ exit, stdout: grown(stdout), stderr: grown(stderr) } satisfies CommandAnswer);
});
process.on('disconnect', () => process.exit(0));
