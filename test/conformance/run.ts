// Runs the recorded cases of ../shared/conformance/analyze in this process: quick, for work on analyzers and validation.
// CI measures with the recorder's own compare.py and the real command.
//
//   node test/conformance/run.ts [--full] [--only REGEX] [--codes REGEX] [--verbose] [--quiet]
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { analyzers } from '../../analyzers/index.ts';
import { lineOf } from '../../src/analysis/order.ts';
import { runPipeline } from '../../src/cli/pipeline.ts';
import { readFiles, sourceText } from '../../src/manifest/files.ts';
import { difference, type Said } from './compare.ts';

const { values: o } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string', default: '.' },
    codes: { type: 'string', default: '^IST' },
    verbose: { type: 'boolean', default: false },
    corpus: { type: 'string', default: join(import.meta.dirname, '../../../shared/conformance/analyze') },
  },
});

interface Recorded {
  code: string;
  level: string;
  message: string;
  origin?: string;
  reference?: string;
}

const read = (path: string): string => readFileSync(path, 'utf8');
const codes = new RegExp(o.codes as string);
const only = new RegExp(o.only as string);
const asSaid = (m: Recorded): Said => {
  const line = /:(\d+)$/.exec(m.reference ?? '');
  return { code: m.code, level: m.level, origin: m.origin ?? '', line: line ? Number(line[1]) : undefined, text: m.message };
};

let passed = 0;
const failed: string[] = [];
const perCode = new Map<string, [number, number]>();
const root = o.corpus as string;
const start = process.cwd();
for (const name of readdirSync(root).sort()) {
  const folder = join(root, name);
  if (!only.test(name) || !existsSync(join(folder, 'case.json'))) continue;
  const test = JSON.parse(read(join(folder, 'case.json')));
  const expectedIn = o.full ? join(folder, 'full') : folder;
  if (test.command === 'validate' || (o.full && test.crash) || !existsSync(join(expectedIn, 'expected.json'))) continue;
  process.chdir(folder);
  const args: string[] = test.args ?? [];
  // Cases with other flags than these are run by compare.py.
  const flag = (f: string): string | undefined => (args.includes(f) ? args[args.indexOf(f) + 1] : undefined);
  if (args.some((a) => a.startsWith('-') && !['--meshConfigFile', '-i', '-n'].includes(a))) continue;
  const meshFile = flag('--meshConfigFile');
  const { sources } = readFiles(test.inputs, () => read(join(folder, test.stdin)));
  let got: Said[] = [];
  let crash = '';
  try {
    const result = await runPipeline({
      sources,
      meshConfigSource: meshFile && existsSync(meshFile) ? sourceText(meshFile, read(meshFile)) : undefined,
      defaultNamespace: test.allNamespaces === false ? (flag('-n') ?? 'default') : '',
      istioNamespace: flag('-i') ?? 'istio-system',
      assume: o.full ? 'complete' : 'mesh-only',
      preset: 'reference',
      analyzers: analyzers.filter((a) => a.preset === 'reference'),
      knownHosts: [],
      now: new Date(),
    });
    crash = result.engine.crashes.map((c) => `${c.analyzer}: ${(c.error as Error).stack}`).join('\n');
    got = result.findings
      .filter((f) => codes.test(f.code) && (test.allNamespaces !== false || f.resource.namespace === '' || f.resource.namespace === flag('-n')))
      .map((f) => ({ code: f.code, level: f.level, origin: f.resource.friendlyName, line: lineOf(f), text: f.text }));
  } catch (error) {
    crash = (error as Error).stack ?? String(error);
  }
  const starts = sources.map((s) => [1, ...s.text.split('\n').flatMap((l, i) => (l.startsWith('---') ? [i + 2] : []))]);
  const variants: Recorded[][] = existsSync(join(expectedIn, 'expected.variants.json'))
    ? JSON.parse(read(join(expectedIn, 'expected.variants.json')))
    : [JSON.parse(read(join(expectedIn, 'expected.json')))];
  const differences = variants.map((v) => difference(got, v.map(asSaid).filter((s) => codes.test(s.code)), starts));
  const best = differences.sort((a, b) => a.missing.length + a.extra.length - b.missing.length - b.extra.length)[0];
  if (!best) continue;
  for (const [i, list] of [best.missing, best.extra].entries()) {
    for (const { code } of list) {
      const counts = perCode.get(code) ?? [0, 0];
      counts[i] = (counts[i] as number) + 1;
      perCode.set(code, counts);
    }
  }
  if (best.missing.length + best.extra.length === 0 && !crash) passed++;
  else {
    failed.push(name);
    if (o.verbose) {
      console.log(`FAIL ${name}${crash ? `\n  crash: ${crash}` : ''}`);
      for (const m of best.missing) console.log(`  - ${m.code} ${m.level} (${m.origin}:${m.line ?? ''}) ${m.text}`);
      for (const m of best.extra) console.log(`  + ${m.code} ${m.level} (${m.origin}:${m.line ?? ''}) ${m.text}`);
    }
  }
}
process.chdir(start);
for (const [code, [missing, extra]] of [...perCode].sort()) console.log(`${code}: ${missing} missing, ${extra} not expected`);
console.log(`${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
