import { atLeast } from '../../analysis/message.ts';
import type { Report, ReportItem } from '../../analysis/report/report.ts';
import { plainStyle } from '../../analysis/report/style.ts';
import type { ClusterSource } from '../cluster-source/cluster-source.ts';
import { exitCode, usageError } from '../exit.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { version } from '../version.ts';
import type { AnalyzeFlags } from './flags.ts';
import { openCluster } from './open-cluster.ts';
import { type Output, parseOutputs, writeOutputs } from './outputs.ts';
import { listAnalyzers } from './selection.ts';
import { type EvaluateOptions, type Evaluation, evaluate, prepare, readInput, type Session } from './session.ts';
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
  if (flags.dryRun && !flags.fix) throw usageError('--dry-run goes with --fix');
  if (flags.watch) (await import('./watch.ts')).checkWatchable(session, paths);
  const deadline = session.deadline?.();
  // Paths that are not there are told before anybody waits for a cluster.
  const input = flags.watch ? undefined : await readInput(paths, session, deadline);
  const cluster = await openCluster(session, paths, deadline);
  try {
    if (input) return await analyzeOnce(session, paths, outputs, { input, cluster, deadline });
    const { watch } = await import('./watch.ts');
    return await watch(session, paths, outputs, cluster);
  } finally {
    cluster?.close();
  }
}

async function analyzeOnce(session: Session, paths: readonly string[], outputs: readonly Output[], options: EvaluateOptions): Promise<number> {
  const { flags } = session;
  const { cluster } = options;
  let evaluation = await evaluate(session, paths, options);
  if (cluster && flags.namespace !== undefined && !flags.allNamespaces) await cluster.checkNamespace(flags.namespace, evaluation.result.resources);
  if (flags.fix) {
    const { fixAll, previewFixes, writeFixes } = await import('./fix.ts');
    const { input } = evaluation;
    // What is not reported is not repaired.
    const wanted = async (e: Evaluation): Promise<ReportItem[]> =>
      (await acceptBaseline(session, e)).items.filter((i) => atLeast(i.level, session.outputThreshold));
    const fixed = await fixAll(input.sources, evaluation, wanted, (sources) =>
      evaluate(session, paths, { ...options, input: { ...input, sources: [...sources] } }),
    );
    if (flags.dryRun) {
      if (fixed.files.length === 0) warn('There is nothing to repair.');
      write('stdout', previewFixes(fixed.files, await styleFor(wantsColour(flags.color, 'stdout'))));
      return exitCodeOf(session, await acceptBaseline(session, evaluation));
    }
    for (const line of writeFixes(fixed.files)) warn(`fixed ${line}`);
    evaluation = fixed.evaluation;
  }
  const accepted: Accepted = { ...(await acceptBaseline(session, evaluation)), cluster };
  if (flags.onlyNew) {
    const before = await evaluate(session, [], { ...options, input: { ...evaluation.input, sources: [], unreadable: [] } });
    const { newOf } = await import('./new-items.ts');
    const items = newOf(before.items, accepted.items);
    accepted.change = { known: accepted.items.length - items.length, gone: newOf(evaluation.items, before.items).length };
    accepted.items = items;
  }
  return report(session, paths, accepted, outputs);
}

export interface Accepted extends Evaluation {
  /** Findings of the baseline that do not occur any more. */
  gone: number;
  cluster?: ClusterSource | undefined;
  /** With --only-new: findings of the cluster alone, that are left out, and those that the files would end. */
  change?: { known: number; gone: number };
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
  const { items, suppressed, gone, result, input, cluster, change } = evaluation;
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
    cluster: cluster?.name,
    version,
  };
  write('stdout', await writeOutputs(data, outputs, await styleFor(wantsColour(flags.color, 'stdout')), plainStyle));

  for (const { analyzer, error } of result.engine.crashes)
    warn(`analyzer ${analyzer} failed: ${error instanceof Error ? error.message : String(error)}; the others went on`);
  const failing = items.filter((i) => !i.unparsable && atLeast(i.level, session.failureThreshold)).length;
  const unparsable = items.filter((i) => i.unparsable).length;
  const style = await styleFor(wantsColour(flags.color, 'stderr'));
  write('stderr', conclude(data, { paths, flags, failing, unparsable, gone, cluster, change, style }));
  return exitCodeOf(session, { items, result });
}
