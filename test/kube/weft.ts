// The command, with a cluster.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const program = join(import.meta.dirname, '../../bin/weft.js');

export interface Ran {
  /** The signal, where one ended it. */
  status: number | NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunningWeft {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
}

export interface WeftOptions {
  kubeconfig: string;
  input?: string;
  /** Where it runs. */
  cwd?: string;
  environment?: Readonly<Record<string, string>>;
  /** Default: four minutes; then it is killed. */
  timeoutMs?: number;
}

export function startWeft(args: readonly string[], { kubeconfig, input, cwd, environment, timeoutMs = 240_000 }: WeftOptions): RunningWeft {
  const env = { ...process.env, KUBECONFIG: kubeconfig, NO_COLOR: '1', ...environment };
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'pipe'], cwd, env, timeout: timeoutMs, killSignal: 'SIGKILL' });
  const ran = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      ran[name] += text;
    });
  }
  // It may end without reading.
  child.stdin.on('error', () => {}).end(input ?? '');
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ ...ran, status: code ?? signal }));
  });
  return { child, ended };
}

export function runWeft(args: readonly string[], options: WeftOptions): Promise<Ran> {
  return startWeft(args, options).ended;
}

/** @throws Error with what it said, where it does not end with 0 */
export async function weft(args: readonly string[], options: WeftOptions): Promise<Ran> {
  const ran = await runWeft(args, options);
  if (ran.status !== 0) throw new Error(`weft ${args.join(' ')} ended with ${ran.status}:\n${ran.stdout}${ran.stderr}`);
  return ran;
}
