import { readFileSync } from 'node:fs';
import { analyzers as builtIn } from '../../../analyzers/index.ts';
import type { AnyAnalyzer, Preset } from '../../analysis/engine.ts';
import { atLeast, type Level } from '../../analysis/message.ts';
import { itemOfFinding, itemOfProblem, type Report, type ReportItem } from '../../analysis/report/report.ts';
import { plainStyle } from '../../analysis/report/style.ts';
import { MissingFileError, type ReadFiles, readFiles, sourceText } from '../../manifest/files.ts';
import type { Assume } from '../../model/mesh.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { runPipeline } from '../pipeline.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { version } from '../version.ts';
import { parseOutputs, writeOutputs } from './outputs.ts';
import { chooseAnalyzers, listAnalyzers } from './selection.ts';
import { parseSuppressions } from './suppress.ts';
import { conclude } from './summary.ts';

/** The flags as commander gives them. */
export interface AnalyzeFlags {
  allNamespaces?: boolean;
  namespace?: string;
  istioNamespace: string;
  useKube?: boolean;
  output?: string[];
  suppress?: string[];
  color?: boolean;
  failureThreshold?: Level;
  outputThreshold?: Level;
  ignoreUnknown?: boolean;
  meshConfigFile?: string;
  analyzer?: string[];
  listAnalyzers?: boolean;
  verbose?: boolean;
  preset?: string;
  assume?: string;
  plugin?: string[];
  config?: string;
  baseline?: string;
  fix?: boolean;
  dryRun?: boolean;
  watch?: boolean;
  timeout?: string;
}

const presets: readonly Preset[] = ['reference', 'recommended', 'strict'];
const worlds: readonly Assume[] = ['auto', 'complete', 'mesh-only'];

/** Runs `weft analyze` and returns the exit code. Only the report goes to stdout. */
export async function runAnalyze(paths: readonly string[], flags: AnalyzeFlags): Promise<number> {
  const preset = oneOf('preset', flags.preset ?? 'recommended', presets);
  const assume = oneOf('assume', flags.assume ?? 'auto', worlds);
  const outputs = parseOutputs(flags.output, process.stdout.isTTY ? 'pretty' : 'log');
  const suppressions = parseSuppressions(flags.suppress ?? [], preset);
  const warn = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  for (const text of suppressions.warnings) warn(text);
  const available: readonly AnyAnalyzer[] = builtIn;
  if (flags.listAnalyzers) {
    await write(process.stdout, listAnalyzers(available));
    return exitCode.ok;
  }
  if (flags.useKube) throw new CliError('weft does not read clusters yet', exitCode.error, 'Name files or directories, and leave --use-kube out.');
  const analyzers = chooseAnalyzers(available, flags.analyzer, preset, warn);
  const input = readInput(paths, flags, warn);
  const { sources } = input;

  const result = await runPipeline({
    sources,
    meshConfigSource: readMeshConfigFile(flags.meshConfigFile, warn),
    defaultNamespace: flags.allNamespaces ? '' : (flags.namespace ?? 'default'),
    istioNamespace: flags.istioNamespace,
    assume,
    preset,
    analyzers,
    knownHosts: [],
    now: new Date(),
  });

  const inScope = (namespace: string): boolean => flags.allNamespaces === true || namespace === '' || namespace === (flags.namespace ?? 'default');
  const scoped = result.findings.filter((f) => inScope(f.resource.kindName === 'Namespace' ? f.resource.name : f.resource.namespace));
  const findings = scoped.filter((f) => !suppressions.suppresses(f));
  const items: ReportItem[] = [...result.problems.filter((p) => preset !== 'reference' || p.unparsable).map(itemOfProblem), ...findings.map(itemOfFinding)];
  for (const { path, text } of input.unreadable) items.unshift(unreadableItem(path, text));
  const threshold = flags.outputThreshold ?? 'Info';
  const report: Report = {
    items: items.filter((i) => atLeast(i.level, threshold)),
    summary: {
      files: sources.length,
      resources: result.mesh.size,
      unknownKinds: result.unknownKinds,
      skipped: result.engine.skipped,
      suppressed: scoped.length - findings.length,
      ran: result.engine.ran,
    },
    version,
  };
  const colour = wantsColour(flags.color, process.stdout);
  await write(process.stdout, await writeOutputs(report, outputs, await styleFor(colour), plainStyle));

  for (const { analyzer, error } of result.engine.crashes) warn(`analyzer ${analyzer} failed: ${(error as Error).message}; the others went on`);
  const failing = items.filter((i) => !i.unparsable && atLeast(i.level, flags.failureThreshold ?? 'Error')).length;
  const unparsable = items.filter((i) => i.unparsable);
  const errorStyle = await styleFor(wantsColour(flags.color, process.stderr));
  await write(process.stderr, conclude(report, { paths, flags, failing, unparsable: unparsable.length, style: errorStyle }));
  if (failing > 0) return exitCode.findings;
  if (unparsable.length > 0 && !flags.ignoreUnknown) return exitCode.unparsable;
  return result.engine.crashes.length > 0 ? exitCode.error : exitCode.ok;
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) throw usageError(`--${flag} takes ${allowed.join(', ')}, not "${value}"`);
  return value as T;
}

function readInput(paths: readonly string[], flags: AnalyzeFlags, warn: (text: string) => void): ReadFiles {
  if (paths.length === 0 && flags.useKube !== false) {
    throw new CliError('nothing to analyze', exitCode.error, 'Name files or directories (weft analyze config/), or - for standard input. --use-kube=false without files is clean.');
  }
  try {
    const input = readFiles(paths, () => {
      if (process.stdin.isTTY) warn('Reading from standard input; end with Ctrl-D:');
      return readFileSync(0, 'utf8');
    });
    for (const path of input.skipped) warn(`Skipping ${path}: only .yaml, .yml and .json files are read`);
    return input;
  } catch (error) {
    if (error instanceof MissingFileError) throw new CliError(error.message);
    throw error;
  }
}

function readMeshConfigFile(path: string | undefined, warn: (text: string) => void): ReturnType<typeof sourceText> | undefined {
  if (path === undefined) return undefined;
  try {
    return sourceText(path, readFileSync(path, 'utf8'));
  } catch (error) {
    warn(`--meshConfigFile is not used: ${(error as Error).message}`);
    return undefined;
  }
}

function unreadableItem(path: string, text: string): ReportItem {
  return {
    code: 'WFT0001',
    level: 'Error',
    text: `cannot read ${path}: ${text}`,
    help: undefined,
    effect: 'nothing in this file is analyzed',
    analyzer: 'input',
    origin: '',
    resource: undefined,
    field: undefined,
    path: undefined,
    file: path,
    place: undefined,
    related: [],
    fix: undefined,
    unparsable: true,
    documentation: undefined,
  };
}
