import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { analyzers as builtIn } from '../../../analyzers/index.ts';
import { inputMessages } from '../../analysis/catalogue/input.ts';
import type { AnyAnalyzer, Preset } from '../../analysis/engine.ts';
import type { Finding } from '../../analysis/finding.ts';
import type { Level, Messages } from '../../analysis/message.ts';
import { itemOfFinding, itemOfProblem, type ReportItem } from '../../analysis/report/report.ts';
import { MissingFileError, type ReadFiles, readFiles, sourceText } from '../../manifest/files.ts';
import type { SourceText } from '../../manifest/resource.ts';
import type { Assume } from '../../model/mesh.ts';
import { type PipelineResult, runPipeline } from '../../pipeline/pipeline.ts';
import type { PipelineCache } from '../../pipeline/pipeline-cache.ts';
import type { ClusterSource } from '../cluster-source/cluster-source.ts';
import { type Deadline, parseTimeout } from '../deadline.ts';
import { CliError, usageError } from '../exit.ts';
import { readStdin, readStdinSync } from '../stdin.ts';
import { isTerminal } from '../terminal.ts';
import { type Config, type LevelAt, levelsOf, loadConfig, optionsOf, toLevel, unknownRules } from './config.ts';
import type { AnalyzeFlags } from './flags.ts';
import { applyInline } from './inline.ts';
import { chooseAnalyzers } from './selection.ts';
import { parseSuppressions, type Suppressions } from './suppress.ts';

/** Everything that flags and configuration decide before any input is read. */
export interface Session {
  flags: AnalyzeFlags;
  config: Config;
  /** Where it was read; undefined when there is none. */
  configFile: string | undefined;
  preset: Preset;
  assume: Assume;
  /** All analyzers there are, with those of plug-ins. */
  available: readonly AnyAnalyzer[];
  /** Those that run. */
  chosen: readonly AnyAnalyzer[];
  suppressions: Suppressions;
  failureThreshold: Level;
  outputThreshold: Level;
  baseline: string | undefined;
  /** Starts the time of `--timeout`. */
  deadline: (() => Deadline) | undefined;
  warn: (text: string) => void;
}

const presets: readonly Preset[] = ['reference', 'recommended', 'strict'];
const worlds: readonly Assume[] = ['auto', 'complete', 'mesh-only'];

/** @throws CliError for flags or a configuration that make no sense */
export async function prepare(flags: AnalyzeFlags, warn: (text: string) => void): Promise<Session> {
  const { config, file } = await loadConfig(flags.config);
  const preset = oneOf('preset', flags.preset ?? config.preset ?? 'recommended', presets);
  const assume = oneOf('assume', flags.assume ?? config.assume?.world ?? 'auto', worlds);
  let available: readonly AnyAnalyzer[] = builtIn;
  if (config.plugins?.length || flags.plugin?.length) {
    const { loadPlugins } = await import('./plugins.ts');
    available = [...available, ...(await loadPlugins(config.plugins ?? [], file ? dirname(resolve(file)) : '.', available))];
    available = [...available, ...(await loadPlugins(flags.plugin ?? [], '.', available))];
  }
  if (config.rules || config.overrides) {
    const codes = new Set([...Object.keys(inputMessages), ...available.flatMap((a) => Object.keys(a.messages))]);
    for (const text of unknownRules(config, available, codes)) warn(`${file}: ${text}`);
  }
  const suppressions = parseSuppressions([...(config.suppress ?? []), ...(flags.suppress ?? [])], preset, aliasesOf(available));
  for (const text of suppressions.warnings) warn(text);
  return {
    flags: { ...flags, meshConfigFile: flags.meshConfigFile ?? fromConfig(config.meshConfigFile, file) },
    config,
    configFile: file,
    preset,
    assume,
    available,
    chosen: chooseAnalyzers(available, flags.analyzer, preset, warn),
    suppressions,
    failureThreshold: flags.failureThreshold ?? (config.failureThreshold ? toLevel(config.failureThreshold) : 'Error'),
    outputThreshold: flags.outputThreshold ?? (config.outputThreshold ? toLevel(config.outputThreshold) : 'Info'),
    baseline: flags.baseline ?? fromConfig(config.baseline, file),
    deadline: parseTimeout(flags.timeout),
    warn,
  };

  /** Paths of a configuration are from its folder. */
  function fromConfig(path: string | undefined, from: string | undefined): string | undefined {
    return path === undefined || from === undefined || isAbsolute(path) ? path : join(dirname(from), path);
  }
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) throw usageError(`--${flag} takes ${allowed.join(', ')}, not "${value}"`);
  return value as T;
}

/** One look at the input: what is to be said of it. */
export interface Evaluation {
  /** Everything that is not suppressed, whatever its level, ordered. */
  items: ReportItem[];
  suppressed: number;
  input: ReadFiles;
  result: PipelineResult;
}

export interface EvaluateOptions {
  /** What it has beside the paths. */
  cluster?: ClusterSource | undefined;
  /** Instead of what the paths have. */
  input?: ReadFiles;
  cache?: PipelineCache;
  deadline?: Deadline | undefined;
  /** Findings of every namespace count, whatever the flags say. */
  everyNamespace?: boolean;
}

/** A finding, or a problem of the input, which may not be about a resource. */
type Said = Pick<Finding, 'code'> & Partial<Pick<Finding, 'resource'>>;

/** @throws CliError for input that is not there, and when the time is over */
export async function evaluate(session: Session, paths: readonly string[], options: EvaluateOptions = {}): Promise<Evaluation> {
  const { flags, config, preset, suppressions } = session;
  const { input: given, cluster, cache, deadline, everyNamespace } = options;
  const input = given ?? (await readInput(paths, session, deadline));
  const namespace = flags.namespace ?? cluster?.namespace ?? 'default';
  const levelAt = levelsOf(config, session.configFile);
  const result = await runPipeline({
    sources: input.sources,
    cluster: cluster?.input,
    meshConfigSource: readMeshConfigFile(session),
    // A cluster would put them into that of the context.
    defaultNamespace: flags.allNamespaces && !cluster ? '' : namespace,
    istioNamespace: flags.istioNamespace,
    assume: session.assume,
    preset,
    analyzers: session.chosen,
    knownHosts: config.assume?.hosts ?? [],
    now: new Date(),
    levelOf: levelAt && ((code, analyzer, { document, namespace }) => levelAt(code, analyzer, document?.source.name, namespace)),
    optionsOf: config.rules ? optionsOf(config, session.available) : undefined,
    cache,
    interrupt: deadline,
  });
  const inScope = (of: string): boolean => everyNamespace === true || flags.allNamespaces === true || of === '' || of === namespace;
  const isInScope = ({ resource }: Said): boolean => !resource || inScope(resource.kindName === 'Namespace' ? resource.name : resource.namespace);
  const isSuppressed = ({ code, resource }: Said): boolean => resource !== undefined && suppressions.suppresses({ code, resource });
  const problems = result.problems.filter((p) => p.unparsable || (preset !== 'reference' && isInScope(p)));
  const findings = result.findings.filter(isInScope);
  const kept = { problems: problems.filter((p) => p.unparsable || !isSuppressed(p)), findings: findings.filter((f) => !isSuppressed(f)) };
  let items = [
    ...input.unreadable.map(({ path, text }) => unreadableItem(path, text)),
    ...kept.problems.map(itemOfProblem),
    ...kept.findings.map(itemOfFinding),
  ];
  let suppressed = problems.length + findings.length - kept.problems.length - kept.findings.length;
  if (preset !== 'reference') {
    const inline = applyInline(items, input.sources, aliasesOf(session.available), judges(session, result));
    items = inline.items;
    suppressed += inline.suppressed;
  }
  if (levelAt) items = items.flatMap((item) => withLevel(item, levelAt));
  return { items, suppressed, input, result };
}

/** Problems of the input with the level that the configuration gives them; what cannot be used stays an error. */
function withLevel(item: ReportItem, levelAt: LevelAt): ReportItem[] {
  if (item.analyzer !== 'input' || item.unparsable) return [item];
  const level = levelAt(item.code, item.analyzer, item.file, item.resource?.namespace ?? '') ?? item.level;
  return level === 'off' ? [] : [{ ...item, level }];
}

/** Whether every analyzer that reports a code could make all its checks, so that the code's absence means something. */
function judges({ available, chosen }: Session, { engine }: PipelineResult): (code: string) => boolean {
  const skipped = new Set(engine.skipped.map((s) => s.analyzer));
  return (code) => available.every((a) => !Object.hasOwn(a.messages, code) || (chosen.includes(a) && engine.ran.includes(a.name) && !skipped.has(a.name)));
}

function aliasesOf(analyzers: readonly AnyAnalyzer[]): Map<string, readonly string[]> {
  const out = new Map<string, readonly string[]>();
  for (const { messages } of analyzers) for (const [code, { aliases }] of Object.entries(messages as Messages)) if (aliases) out.set(code, aliases);
  return out;
}

/** @throws CliError for paths that are not there */
export async function readInput(paths: readonly string[], { warn }: Pick<Session, 'warn'>, deadline?: Deadline): Promise<ReadFiles> {
  const fromStdin = paths.includes('-');
  if (fromStdin && isTerminal('stdin')) warn('Reading from standard input; end with Ctrl-D:');
  const stdin = fromStdin && deadline ? await readStdin(deadline) : undefined;
  try {
    const input = readFiles(paths, () => stdin ?? readStdinSync());
    for (const path of input.skipped) warn(`Skipping ${path}: only .yaml, .yml and .json files are read`);
    return input;
  } catch (error) {
    if (error instanceof MissingFileError) throw new CliError(error.message);
    throw error;
  }
}

function readMeshConfigFile({ flags, warn }: Session): SourceText | undefined {
  const path = flags.meshConfigFile;
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
    summary: 'a file cannot be read',
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
