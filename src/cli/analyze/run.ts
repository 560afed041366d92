import { atLeast } from '../../analysis/message.ts';
import type { Report } from '../../analysis/report/report.ts';
import { plainStyle } from '../../analysis/report/style.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { version } from '../version.ts';
import type { AnalyzeFlags } from './flags.ts';
import { parseOutputs, writeOutputs } from './outputs.ts';
import { listAnalyzers } from './selection.ts';
import { type Evaluation, evaluate, prepare, type Session } from './session.ts';
import { conclude } from './summary.ts';

const warn = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Runs `weft analyze` and returns the exit code. Only the report goes to stdout. */
export async function runAnalyze(paths: readonly string[], flags: AnalyzeFlags): Promise<number> {
  const outputs = parseOutputs(flags.output, process.stdout.isTTY ? 'pretty' : 'log');
  const session = await prepare(flags, warn);
  if (flags.listAnalyzers) {
    await write(process.stdout, listAnalyzers(session.available));
    return exitCode.ok;
  }
  if (flags.useKube) throw new CliError('weft does not read clusters yet', exitCode.error, 'Name files or directories, and leave --use-kube out.');
  if (flags.dryRun && !flags.fix) throw usageError('--dry-run goes with --fix');
  let evaluation = await evaluate(session, paths);
  if (flags.fix) {
    const { previewFixes, repairsOf, writeFixes } = await import('./fix.ts');
    const repairs = repairsOf(evaluation.items);
    if (flags.dryRun) {
      await write(process.stdout, previewFixes(repairs, await styleFor(wantsColour(flags.color, process.stdout))));
      return exitCodeOf(session, evaluation);
    }
    const done = writeFixes(repairs);
    for (const line of done) warn(`fixed ${line}`);
    if (done.length > 0) evaluation = await evaluate(session, paths);
  }
  return report(session, paths, evaluation, outputs);
}

/** The same in every output format. */
function exitCodeOf({ failureThreshold, flags }: Session, { items, result }: Pick<Evaluation, 'items' | 'result'>): number {
  if (items.some((i) => !i.unparsable && atLeast(i.level, failureThreshold))) return exitCode.findings;
  if (items.some((i) => i.unparsable) && !flags.ignoreUnknown) return exitCode.unparsable;
  return result.engine.crashes.length > 0 ? exitCode.error : exitCode.ok;
}

/** Prints an evaluation and returns the exit code. */
export async function report(session: Session, paths: readonly string[], evaluation: Evaluation, outputs: ReturnType<typeof parseOutputs>): Promise<number> {
  const { flags } = session;
  const { result, input } = evaluation;
  let { items, suppressed } = evaluation;
  let gone = 0;
  if (session.baseline !== undefined) {
    const { applyBaseline, readBaseline } = await import('./baseline.ts');
    const applied = applyBaseline(items, readBaseline(session.baseline));
    ({ items, gone } = applied);
    suppressed += applied.suppressed;
  }
  const data: Report = {
    items: items.filter((i) => atLeast(i.level, session.outputThreshold)),
    summary: {
      files: input.sources.length,
      resources: result.mesh.size,
      unknownKinds: result.unknownKinds,
      skipped: result.engine.skipped,
      suppressed,
      ran: result.engine.ran,
    },
    version,
  };
  await write(process.stdout, await writeOutputs(data, outputs, await styleFor(wantsColour(flags.color, process.stdout)), plainStyle));

  for (const { analyzer, error } of result.engine.crashes) warn(`analyzer ${analyzer} failed: ${(error as Error).message}; the others went on`);
  const failing = items.filter((i) => !i.unparsable && atLeast(i.level, session.failureThreshold)).length;
  const unparsable = items.filter((i) => i.unparsable).length;
  const style = await styleFor(wantsColour(flags.color, process.stderr));
  await write(process.stderr, conclude(data, { paths, flags, failing, unparsable, gone, style }));
  return exitCodeOf(session, { items, result });
}
