import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandAnswer, CommandRequest } from './command-worker.ts';

/** weft's command line as one process for many runs: all of the command itself, without the time that a process takes to start. One run at a time. */
export class CommandProcess {
  private readonly child: ChildProcess;
  private readonly folder = mkdtempSync(join(tmpdir(), 'weft-commands-'));
  private ended: Error | undefined;

  /** @param env further variables of its environment */
  constructor(env: Readonly<Record<string, string>> = {}) {
    const files = ['stdout', 'stderr'].map((name) => join(this.folder, name));
    const [out, err] = files.map((file) => openSync(file, 'a')) as [number, number];
    this.child = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'command-worker.ts'), ...files], {
      stdio: ['ignore', out, err, 'ipc'],
      env: { ...process.env, NO_COLOR: '1', KUBECONFIG: '/dev/null', ...env },
    });
    for (const descriptor of [out, err]) closeSync(descriptor);
    this.child.once('exit', (code, signal) => {
      this.ended = new Error(`the process of the command ended with ${signal ?? `exit code ${code}`}`);
    });
  }

  run(args: readonly string[]): Promise<CommandAnswer> {
    const { child } = this;
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(this.ended);
        return;
      }
      const onExit = (): void => reject(this.ended ?? new Error('the process of the command ended'));
      child.once('exit', onExit);
      child.once('message', (answer: CommandAnswer) => {
        child.off('exit', onExit);
        resolve(answer);
      });
      child.send({ args } satisfies CommandRequest);
    });
  }

  async close(): Promise<void> {
    if (!this.ended) {
      const exited = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.disconnect();
      await exited;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
