import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');
export const weft = join(root, 'bin/weft');

/** The Node that bin/weft starts: npm scripts run on it, too. */
export const node = process.execPath;

export interface Usage {
  /** User and system time of the program and of what it was started through, in milliseconds. */
  cpu: number;
  wall: number;
}

/**
 * Runs a program once with its output thrown away.
 *
 * Its times are those of the kernel for the whole process, from fork to reaping, as bash's `time` prints them: Node knows its own
 * alone, and before its end.
 */
export function measure(program: string, args: readonly string[], exits: readonly number[] = [0]): Usage {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" > /dev/null 2>&1';
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', program, ...args], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  if (status === null || !exits.includes(status)) throw new Error(`${program} ${args.join(' ')} ended with ${status}`);
  const [real = 0, user = 0, system = 0] = stderr.trim().split(/\s+/).map(Number);
  return { cpu: (user + system) * 1000, wall: real * 1000 };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Medians of several programs, each run in turn, so that a busy moment of the machine hits all of them. */
export function compare<Name extends string>(runs: number, programs: Readonly<Record<Name, () => Usage>>): Record<Name, Usage> {
  const names = Object.keys(programs) as Name[];
  const seen = Object.fromEntries(names.map((n) => [n, [] as Usage[]])) as Record<Name, Usage[]>;
  for (let i = 0; i < runs; i++) for (const name of names) seen[name].push(programs[name]());
  const medianOf = (list: readonly Usage[]): Usage => ({ cpu: median(list.map((u) => u.cpu)), wall: median(list.map((u) => u.wall)) });
  return Object.fromEntries(names.map((n) => [n, medianOf(seen[n])])) as Record<Name, Usage>;
}

/** Peak resident memory of a Node program in MB (10⁶ bytes), as the kernel counts it at its end. Linux only. */
export function peakMemory(program: string, args: readonly string[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));
  const file = join(folder, 'status');
  try {
    const NODE_OPTIONS = `--require=${join(import.meta.dirname, 'save-status.cjs')}`;
    spawnSync(program, [...args], { stdio: 'ignore', env: { ...process.env, NODE_OPTIONS, SAVE_STATUS_TO: file } });
    const kibibytes = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(file, 'utf8'))?.[1];
    return (Number(kibibytes) * 1024) / 1e6;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `name  value  (target)`, and whether it is met. */
export function line(name: string, value: number, digits: number, unit: string, target: number): string {
  const met = value <= target ? 'met' : 'MISSED';
  return `${name.padEnd(72)} ${value.toFixed(digits).padStart(8)} ${unit.padEnd(2)}  target ${target} ${unit}: ${met}`;
}
