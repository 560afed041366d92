import { atLeast } from '../../analysis/message.ts';
import type { Report } from '../../analysis/report/report.ts';
import { plainStyle } from '../../analysis/report/style.ts';
import { CliError, exitCode } from '../exit.ts';
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
  return report(session, paths, await evaluate(session, paths), outputs);
}

/** Prints an evaluation and decides the exit code: the same one in every format. */
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
  if (failing > 0) return exitCode.findings;
  if (unparsable > 0 && !flags.ignoreUnknown) return exitCode.unparsable;
  return result.engine.crashes.length > 0 ? exitCode.error : exitCode.ok;
}
