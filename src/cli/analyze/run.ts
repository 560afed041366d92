import { atLeast } from '../../analysis/message.ts';
import type { Report, ReportItem } from '../../analysis/report/report.ts';
import { plainStyle } from '../../analysis/report/style.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { version } from '../version.ts';
import type { AnalyzeFlags } from './flags.ts';
import { type Output, parseOutputs, writeOutputs } from './outputs.ts';
import { listAnalyzers } from './selection.ts';
import { type Evaluation, evaluate, prepare, type Session } from './session.ts';
import { conclude } from './summary.ts';

const warn = (text: string): void => {
  write('stderr', `${text}\n`);
};

/** Runs `weft analyze` and returns the exit code. Only the report goes to stdout. */
export async function runAnalyze(paths: readonly string[], flags: AnalyzeFlags): Promise<number> {
  const outputs = parseOutputs(flags.output, isTerminal('stdout') ? 'pretty' : 'log');
  const session = await prepare(flags, warn);
  if (flags.listAnalyzers) {
    write('stdout', listAnalyzers(session.available));
    return exitCode.ok;
  }
  if (flags.useKube) throw new CliError('weft does not read clusters yet', exitCode.error, 'Name files or directories, and leave --use-kube out.');
  if (flags.dryRun && !flags.fix) throw usageError('--dry-run goes with --fix');
  if (flags.watch) {
    const { watch } = await import('./watch.ts');
    return watch(session, paths, outputs);
  }
  const deadline = session.deadline?.();
  let evaluation = await evaluate(session, paths, { deadline });
  if (flags.fix) {
    const { fixAll, previewFixes, writeFixes } = await import('./fix.ts');
    const { input } = evaluation;
    // What is not reported is not repaired.
    const wanted = async (e: Evaluation): Promise<ReportItem[]> =>
      (await acceptBaseline(session, e)).items.filter((i) => atLeast(i.level, session.outputThreshold));
    const fixed = await fixAll(input.sources, evaluation, wanted, (sources) =>
      evaluate(session, paths, { deadline, input: { ...input, sources: [...sources] } }),
    );
    if (flags.dryRun) {
      if (fixed.files.length === 0) warn('There is nothing to repair.');
      write('stdout', previewFixes(fixed.files, await styleFor(wantsColour(flags.color, 'stdout'))));
      return exitCodeOf(session, await acceptBaseline(session, evaluation));
    }
    for (const line of writeFixes(fixed.files)) warn(`fixed ${line}`);
    evaluation = fixed.evaluation;
  }
  return report(session, paths, await acceptBaseline(session, evaluation), outputs);
}

export interface Accepted extends Evaluation {
  /** Findings of the baseline that do not occur any more. */
  gone: number;
}

/** What the baseline leaves of an evaluation. */
export async function acceptBaseline({ baseline }: Session, evaluation: Evaluation): Promise<Accepted> {
  if (baseline === undefined) return { ...evaluation, gone: 0 };
  const { applyBaseline, readBaseline } = await import('./baseline.ts');
  const { items, suppressed, gone } = applyBaseline(evaluation.items, readBaseline(baseline));
  return { ...evaluation, items, suppressed: evaluation.suppressed + suppressed, gone };
}

/** The same in every output format. */
function exitCodeOf({ failureThreshold, flags }: Session, { items, result }: Pick<Evaluation, 'items' | 'result'>): number {
  if (items.some((i) => !i.unparsable && atLeast(i.level, failureThreshold))) return exitCode.findings;
  if (items.some((i) => i.unparsable) && !flags.ignoreUnknown) return exitCode.unparsable;
  return result.engine.crashes.length > 0 ? exitCode.error : exitCode.ok;
}

/** Prints an evaluation and returns the exit code. */
export async function report(session: Session, paths: readonly string[], evaluation: Accepted, outputs: readonly Output[]): Promise<number> {
  const { flags } = session;
  const { items, suppressed, gone, result, input } = evaluation;
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
  write('stdout', await writeOutputs(data, outputs, await styleFor(wantsColour(flags.color, 'stdout')), plainStyle));

  for (const { analyzer, error } of result.engine.crashes)
    warn(`analyzer ${analyzer} failed: ${error instanceof Error ? error.message : String(error)}; the others went on`);
  const failing = items.filter((i) => !i.unparsable && atLeast(i.level, session.failureThreshold)).length;
  const unparsable = items.filter((i) => i.unparsable).length;
  const style = await styleFor(wantsColour(flags.color, 'stderr'));
  write('stderr', conclude(data, { paths, flags, failing, unparsable, gone, style }));
  return exitCodeOf(session, { items, result });
}
