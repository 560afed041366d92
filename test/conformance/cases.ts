// The recorded cases of ../shared/conformance/analyze, run in this process.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { analyzers } from '../../analyzers/index.ts';
import { lineOf } from '../../src/analysis/order.ts';
import { runPipeline } from '../../src/cli/pipeline.ts';
import { readFiles, sourceText } from '../../src/manifest/files.ts';
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
  stdin: string | undefined;
  allNamespaces: boolean;
}

export interface Outcome extends Difference {
  /** Stack of what was thrown; empty when nothing was. */
  crash: string;
}

interface Recorded {
  code: string;
  level: string;
  message: string;
  origin?: string;
  reference?: string;
}

const read = (path: string): string => readFileSync(path, 'utf8');

/** Flags that this process can take; cases with others are run by compare.py alone. */
const flags: ReadonlySet<string> = new Set(['--meshConfigFile', '-i', '-n']);

export function listCases(corpus: string, mode: Mode, only = /./): Case[] {
  const cases: Case[] = [];
  for (const name of readdirSync(corpus).sort()) {
    const folder = join(corpus, name);
    if (!only.test(name) || !existsSync(join(folder, 'case.json'))) continue;
    const { command, crash, args = [], inputs, stdin, allNamespaces = true } = JSON.parse(read(join(folder, 'case.json')));
    if (command === 'validate' || (mode === 'full' && crash)) continue;
    if ((args as string[]).some((a) => a.startsWith('-') && !flags.has(a))) continue;
    const recorded: Case = { name, folder, mode, args, inputs, stdin, allNamespaces };
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
  const { args, mode, allNamespaces } = recorded;
  const flag = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const meshFile = flag('--meshConfigFile');
  const { sources } = readFiles(recorded.inputs, () => read(recorded.stdin ?? ''));
  let got: Said[] = [];
  let crash = '';
  try {
    const result = await runPipeline({
      sources,
      meshConfigSource: meshFile && existsSync(meshFile) ? sourceText(meshFile, read(meshFile)) : undefined,
      defaultNamespace: allNamespaces ? '' : (flag('-n') ?? 'default'),
      istioNamespace: flag('-i') ?? 'istio-system',
      assume: mode === 'full' ? 'complete' : 'mesh-only',
      preset: 'reference',
      analyzers: analyzers.filter((a) => a.preset === 'reference'),
      knownHosts: [],
      now: new Date(),
    });
    crash = result.engine.crashes.map((c) => `${c.analyzer}: ${(c.error as Error).stack}`).join('\n');
    got = result.findings
      .filter((f) => codes.test(f.code) && (allNamespaces || f.resource.namespace === '' || f.resource.namespace === flag('-n')))
      .map((f) => ({ code: f.code, level: f.level, origin: f.resource.friendlyName, line: lineOf(f), text: f.text }));
  } catch (error) {
    crash = (error as Error).stack ?? String(error);
  }
  const starts = sources.map((s) => [1, ...s.text.split('\n').flatMap((l, i) => (l.startsWith('---') ? [i + 2] : []))]);
  const differences = variantsOf(recorded).map((said) =>
    difference(
      got,
      said.filter((s) => codes.test(s.code)),
      starts,
    ),
  );
  const nearest = differences.sort((a, b) => size(a) - size(b))[0] as Difference;
  return { ...nearest, crash };
}

export function differs(outcome: Outcome): boolean {
  return size(outcome) > 0 || outcome.crash !== '';
}

/** What is missing (-) and what is too much (+), one message a line. */
export function describeOutcome({ missing, extra, crash }: Outcome): string {
  const line = (sign: string, { code, level, origin, line, text }: Said): string => `${sign} ${code} ${level} (${origin}:${line ?? ''}) ${text}`;
  return [...(crash ? [`crash: ${crash}`] : []), ...missing.map((m) => line('-', m)), ...extra.map((m) => line('+', m))].join('\n');
}

const size = ({ missing, extra }: Difference): number => missing.length + extra.length;

const resultsOf = ({ folder, mode }: Case): string => (mode === 'full' ? join(folder, 'full') : folder);

/** The results that are right: several where the reference's own change from run to run. */
function variantsOf(recorded: Case): Said[][] {
  const results = resultsOf(recorded);
  const several = join(results, 'expected.variants.json');
  const variants: Recorded[][] = existsSync(several) ? JSON.parse(read(several)) : [JSON.parse(read(join(results, 'expected.json')))];
  return variants.map((messages) => messages.map(asSaid));
}

function asSaid({ code, level, message, origin, reference }: Recorded): Said {
  const line = /:(\d+)$/.exec(reference ?? '');
  return { code, level, origin: origin ?? '', line: line ? Number(line[1]) : undefined, text: message };
}
