// The recorded cases of ../shared/conformance/analyze, run in this process.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { atLeast } from '../../src/analysis/message.ts';
import { referenceOf } from '../../src/analysis/report/report.ts';
import { evaluate, prepare } from '../../src/cli/analyze/session.ts';
import { type Difference, difference, type Said } from './compare.ts';

/** Where the recorded cases are: beside the checkout. They are not part of it. */
export const defaultCorpus = join(import.meta.dirname, '../../../shared/conformance/analyze');

/** What the reference prints without a cluster, or with every kind known. */
export type Mode = 'offline' | 'full';

export interface Case {
  name: string;
  folder: string;
  mode: Mode;
  args: readonly string[];
  inputs: string[];
  allNamespaces: boolean;
}

export interface Outcome extends Difference {
  /** What else is wrong: the exit code, or the stack of what was thrown. */
  other: string[];
}

interface Recorded {
  code: string;
  level: string;
  message: string;
  origin?: string;
  reference?: string;
}

const read = (path: string): string => readFileSync(path, 'utf8');

/** Flags that are understood here; cases with others, or with a standard input, are run by compare.py alone. */
const knownFlags: ReadonlySet<string> = new Set(['--meshConfigFile', '-i', '-n']);

export function listCases(corpus: string, mode: Mode, only = /./): Case[] {
  const cases: Case[] = [];
  for (const name of readdirSync(corpus).sort()) {
    const folder = join(corpus, name);
    if (!only.test(name) || !existsSync(join(folder, 'case.json'))) continue;
    const { command, crash, args = [], inputs, stdin, allNamespaces = true } = JSON.parse(read(join(folder, 'case.json')));
    if (command === 'validate' || stdin !== undefined || (mode === 'full' && crash)) continue;
    if ((args as string[]).some((a) => a.startsWith('-') && !knownFlags.has(a))) continue;
    const recorded: Case = { name, folder, mode, args, inputs, allNamespaces };
    if (existsSync(join(resultsOf(recorded), 'expected.json'))) cases.push(recorded);
  }
  return cases;
}

/** Runs a case in its own folder and compares the messages whose codes match. */
export async function runCase(recorded: Case, codes = /^IST/): Promise<Outcome> {
  const start = process.cwd();
  process.chdir(recorded.folder);
  try {
    return await analyzeAndCompare(recorded, codes);
  } finally {
    process.chdir(start);
  }
}

async function analyzeAndCompare(recorded: Case, codes: RegExp): Promise<Outcome> {
  let got: Said[] = [];
  let starts: number[][] = [];
  const other: string[] = [];
  try {
    const session = await prepare(flagsOf(recorded), () => {});
    const { items, input, result } = await evaluate(session, recorded.inputs);
    for (const { analyzer, error } of result.engine.crashes) other.push(`${analyzer}: ${(error as Error).stack}`);
    const exit = items.some((i) => !i.unparsable && atLeast(i.level, session.failureThreshold)) ? 79 : items.some((i) => i.unparsable) ? 65 : 0;
    const expected = Number(read(join(resultsOf(recorded), 'exit_code_log')));
    if (exit !== expected) other.push(`exit code ${exit}, expected ${expected}`);
    got = items.map((item) => said(item.code, item.level, item.text, item.origin, referenceOf(item))).filter((s) => codes.test(s.code));
    starts = input.sources.map((s) => [1, ...s.text.split('\n').flatMap((l, i) => (l.startsWith('---') ? [i + 2] : []))]);
  } catch (error) {
    other.push((error as Error).stack ?? String(error));
  }
  const differences = variantsOf(recorded).map((said) =>
    difference(
      got,
      said.filter((s) => codes.test(s.code)),
      starts,
    ),
  );
  const nearest = differences.sort((a, b) => size(a) - size(b))[0] as Difference;
  return { ...nearest, other };
}

function flagsOf({ args, mode, allNamespaces }: Case): Parameters<typeof prepare>[0] {
  const flag = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  return {
    preset: 'reference',
    assume: mode === 'full' ? 'complete' : 'mesh-only',
    useKube: false,
    allNamespaces,
    namespace: flag('-n'),
    istioNamespace: flag('-i') ?? 'istio-system',
    meshConfigFile: flag('--meshConfigFile'),
  };
}

export function differs(outcome: Outcome): boolean {
  return size(outcome) > 0 || outcome.other.length > 0;
}

/** What is missing (-) and what is too much (+), one message a line. */
export function describeOutcome({ missing, extra, other }: Outcome): string {
  const line = (sign: string, { code, level, origin, line, text }: Said): string => `${sign} ${code} ${level} (${origin}:${line ?? ''}) ${text}`;
  return [...other, ...missing.map((m) => line('-', m)), ...extra.map((m) => line('+', m))].join('\n');
}

const size = ({ missing, extra }: Difference): number => missing.length + extra.length;

const resultsOf = ({ folder, mode }: Case): string => (mode === 'full' ? join(folder, 'full') : folder);

/** The results that are right: several where the reference's own change from run to run. */
function variantsOf(recorded: Case): Said[][] {
  const results = resultsOf(recorded);
  const several = join(results, 'expected.variants.json');
  const variants: Recorded[][] = existsSync(several) ? JSON.parse(read(several)) : [JSON.parse(read(join(results, 'expected.json')))];
  return variants.map((messages) => messages.map((m) => said(m.code, m.level, m.message, m.origin, m.reference)));
}

function said(code: string, level: string, text: string, origin = '', reference = ''): Said {
  const line = /:(\d+)$/.exec(reference);
  return { code, level, origin, line: line ? Number(line[1]) : undefined, text };
}
