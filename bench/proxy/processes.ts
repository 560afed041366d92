// Programs that run beside each other, each on the processor that it is given, and what the kernel says of them.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';

export { freePorts } from '../../test/free-ports.ts';

/** Of the proxies: one core each, one after the other. */
export const proxyCore = 0;
/** Of load and service. */
export const otherCore = availableParallelism() > 1 ? 1 : 0;

const children = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export interface Running {
  readonly name: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface StartOptions {
  core: number;
  /** What it prints goes here. */
  log: string;
  env?: Record<string, string>;
  /** It serves when this port of 127.0.0.1 takes connections. */
  port: number;
}

/**
 * Starts a program that serves.
 *
 * @throws Error with the end of what it printed, when it ends or does not serve within 60 s
 */
export async function start(name: string, command: readonly string[], { core, log, env, port }: StartOptions): Promise<Running> {
  const file = openSync(log, 'w');
  // taskset becomes the program: the process that is measured is the one that was started.
  const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['ignore', file, file], env: { ...process.env, ...env } });
  closeSync(file);
  children.add(child);
  const ended = once(child, 'exit').then(() => children.delete(child));
  const until = performance.now() + 60_000;
  while (!(await accepts(port))) {
    if (child.exitCode === null && child.signalCode === null && performance.now() < until) await sleep(50);
    else throw new Error(`${name} does not serve:\n${readFileSync(log, 'utf8').slice(-2000)}`);
  }
  return {
    name,
    pid: child.pid as number,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 1000);
      await ended;
      clearTimeout(timer);
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Runs a program to its end. @returns what it printed */
export async function run(command: readonly string[], core = otherCore): Promise<string> {
  const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  const [code] = (await once(child, 'close')) as [number | null];
  children.delete(child);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${text.slice(-2000)}`);
  return text;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** User and system time of a process and its threads so far, in µs (`utime` and `stime` of /proc/PID/stat; ticks of 10 ms). */
export function cpuTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may have spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

/** Resident memory of a process in MB (10⁶ bytes). */
export function residentMemory(pid: number): number {
  const kibibytes = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kibibytes) * 1024) / 1e6;
}
