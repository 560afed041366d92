// Runs a folder of recorded cases against a real proxy on real sockets.
//
//   npm run conformance -- routing DIR [--engine embedded|envoy|recorded] [--only REGEX] [--skip REGEX] [--jobs N] [--verbose] [--sources] [--keep] [--loopback]
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { resolve as absolute, basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { setup } from '../cli/setup.ts';
import { caseFiles, readCase } from './corpus.ts';
import { createEngine, type EngineName, engineNames } from './engines.ts';
import { whyNotOnLoopback } from './place/loopback.ts';
import { whyNoNamespace } from './place/namespace.ts';
import type { Job, Report } from './worker.ts';

interface Deviation {
  why: string;
  /** `routing`: of a routing case. */
  modes: readonly string[];
  /** What may differ: `observed[3].tls`; absent: anything. */
  fields?: readonly string[];
}

const root = join(import.meta.dirname, '../..');

/** Cases in which weft behaves otherwise on purpose. */
function deviations(): Record<string, Deviation> {
  const all = JSON.parse(readFileSync(join(root, 'docs/deviations.json'), 'utf8')) as Record<string, Deviation>;
  return Object.fromEntries(Object.entries(all).filter(([, { modes }]) => modes.includes('routing')));
}

function startWorker(captured: boolean): ChildProcess {
  const worker = [process.execPath, '--no-warnings', join(import.meta.dirname, 'worker.ts')];
  const [program = '', ...args] = captured ? ['unshare', '-n', ...worker] : worker;
  return spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** Runs jobs on some workers; `done` gets each report as it comes. */
async function runAll(jobs: readonly Job[], workers: number, captured: boolean, done: (report: Report) => void): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(workers, jobs.length) }, async () => {
      let worker: ChildProcess | undefined;
      while (next < jobs.length) {
        const job = jobs[next++] as Job;
        worker ??= startWorker(captured);
        const report = await ask(worker, job);
        if (report.broken?.startsWith(died)) worker = undefined;
        done(report);
      }
      worker?.disconnect();
    }),
  );
}

const died = 'the harness ended';

async function ask(worker: ChildProcess, job: Job): Promise<Report> {
  return new Promise((resolve) => {
    const ended = (code: number | null): void => {
      resolve({
        file: job.file,
        id: basename(job.file, '.yaml'),
        differences: [],
        observed: [],
        broken: `${died} in the middle of the case, with code ${code}`,
        runs: 1,
        ms: 0,
      });
    };
    worker.once('exit', ended);
    worker.once('message', (report: Report) => {
      worker.off('exit', ended);
      resolve(report);
    });
    worker.send(job);
  });
}

function describe(report: Report, verbose: boolean): string {
  const lines = [report.broken ?? ''].filter((line) => line !== '');
  const { steps, observed } = readCase(report.file);
  let shownStep = -1;
  for (const { step, what } of report.differences) {
    if (step !== shownStep) {
      const { request, tcp, repeat } = steps[step] ?? {};
      const times = repeat ? ` × ${repeat}` : '';
      lines.push(
        `step ${step}: ${request ? `${request.method ?? 'GET'} ${request.host ?? '(no host)'} ${typeof request.path === 'string' ? request.path : '…'}` : tcp ? 'tcp' : ''}${times}`,
      );
      shownStep = step;
    }
    lines.push(`  ${what}`);
  }
  if (verbose) {
    for (const step of new Set(report.differences.map((one) => one.step))) {
      lines.push(`step ${step}, recorded: ${JSON.stringify(observed[step])}`, `step ${step}, seen:     ${JSON.stringify(report.observed[step])}`);
    }
  }
  return lines.join('\n').replace(/^/gm, '    ');
}

/** Runs a folder. The exit code. */
export async function routing(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      engine: { type: 'string', default: 'embedded' },
      only: { type: 'string', default: '' },
      skip: { type: 'string' },
      jobs: { type: 'string', default: String(Math.min(4, 2 * availableParallelism())) },
      verbose: { type: 'boolean', default: false },
      sources: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      loopback: { type: 'boolean', default: false },
    },
  });
  const [folder] = positionals;
  const engine = values.engine as EngineName;
  if (folder === undefined || !engineNames.includes(engine)) {
    console.error(
      'npm run conformance -- routing DIR [--engine embedded|envoy|recorded] [--only REGEX] [--skip REGEX] [--jobs N] [--verbose] [--sources] [--keep] [--loopback]',
    );
    return 2;
  }
  if (engine !== 'recorded' && !values.sources) setup();
  const noNamespace = values.loopback ? '--loopback' : whyNoNamespace();
  const captured = noNamespace === undefined;
  const temporary = mkdtempSync(join(tmpdir(), 'weft-routing-'));
  const leave = values.skip === undefined ? undefined : new RegExp(values.skip);
  const left: string[] = [];
  const skipped: { id: string; why: string }[] = [];
  const jobs: Job[] = [];
  // Proxies run in folders of their own.
  for (const file of caseFiles(absolute(folder), new RegExp(values.only))) {
    const id = basename(file, '.yaml');
    if (leave?.test(id)) {
      left.push(id);
      continue;
    }
    const routingCase = readCase(file);
    const why = createEngine(engine, values.sources, routingCase).cannotRun(routingCase) ?? (captured ? undefined : whyNotOnLoopback(routingCase));
    if (why !== undefined) skipped.push({ id, why });
    else jobs.push({ file, engine, captured, folder: temporary, keep: values.keep, sources: values.sources });
  }
  if (left.length > 0) console.log(`Left out by --skip ${values.skip}: ${left.length} cases: ${left.join(', ')}\n`);
  // On loopback all proxies would have the same ports.
  const counts = await report(jobs, captured ? Number(values.jobs) : 1, captured, values.verbose);
  if (skipped.length > 0) {
    console.log(`\n!!! ${skipped.length} CASES WERE SKIPPED${noNamespace === undefined ? '' : `: ${noNamespace}`}`);
    for (const { id, why } of skipped) console.log(`!!! ${id}: ${why}`);
  }
  if (values.keep) console.log(`\nFiles of the cases: ${temporary}`);
  else rmSync(temporary, { recursive: true, force: true });
  const deviating = counts.deviating > 0 ? `, ${counts.deviating} deviating as listed` : '';
  console.log(`\n${counts.passed} passed, ${counts.failed} failed${deviating}${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
  const nothing = counts.passed + counts.deviating + skipped.length === 0;
  return counts.failed > 0 || nothing || (skipped.length > 0 && process.env.CI === 'true') ? 1 : 0;
}

/** Only what is listed differs. */
function isListed({ broken, differences }: Report, { fields }: Deviation): boolean {
  if (fields === undefined) return true;
  return broken === undefined && differences.every(({ step, what }) => fields.includes(`observed[${step}].${what.slice(0, what.indexOf(':'))}`));
}

async function report(
  jobs: readonly Job[],
  workers: number,
  captured: boolean,
  verbose: boolean,
): Promise<{ passed: number; failed: number; deviating: number }> {
  const listed = jobs.some(({ engine }) => engine === 'embedded') ? deviations() : {};
  const counts = { passed: 0, failed: 0, deviating: 0 };
  await runAll(jobs, workers, captured, (one) => {
    const seconds = `${(one.ms / 1000).toFixed(1)} s${one.runs > 1 ? `, ${one.runs} runs` : ''}`;
    if (one.broken === undefined && one.differences.length === 0) {
      counts.passed++;
      if (verbose) console.log(`passed     ${one.id} (${seconds})`);
      if (listed[one.id]) console.log(`passed, though it is listed as a deviation: ${one.id}`);
      return;
    }
    const deviation = listed[one.id];
    if (deviation && isListed(one, deviation)) {
      counts.deviating++;
      console.log(`deviates   ${one.id}: ${deviation.why}`);
      if (verbose) console.log(describe(one, verbose));
    } else {
      counts.failed++;
      console.log(`FAILED     ${one.id} (${seconds})\n${describe(one, verbose)}`);
    }
  });
  return counts;
}
