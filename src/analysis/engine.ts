import type { Resource } from '../manifest/resource.ts';
import type { KindName, Mesh } from '../model/mesh.ts';
import type { Analyzer, Context, Preset, ReportExtra, ResourceProblem } from './analyzer.ts';
import type { Finding } from './finding.ts';
import type { Level, MessageDefinition, Messages } from './message.ts';

// biome-ignore lint/suspicious/noExplicitAny: a list of analyzers has messages and options of many types
export type AnyAnalyzer = Analyzer<any, any>;

export type { Preset } from './analyzer.ts';

export interface EngineOptions {
  preset: Preset;
  /** Semantic validation of one resource. */
  validate: (resource: Resource) => readonly ResourceProblem[];
  /** Problems that the schemas found in one resource, as it was written. */
  structure?: (resource: Resource) => readonly ResourceProblem[];
  /** Reads the value of an annotation as Istio does, see src/schema/annotations.ts; without it values are not checked. */
  annotationProblem?: (name: string, value: string) => string | undefined;
  /** Other levels than the messages' own, by code or analyzer name; `off` drops the finding. */
  levelOf?: (code: string, analyzer: string, resource: Resource) => Level | 'off' | undefined;
  /** Options by analyzer name. */
  optionsOf?: (analyzer: string) => Record<string, unknown> | undefined;
  memory?: Memory;
  interrupt?: Interrupt;
}

/** What analyzers said before of the same resources. */
export interface Memory {
  /** Undefined when the analyzer has to look again. */
  recall(analyzer: AnyAnalyzer): EngineResult | undefined;
  /** @param kinds all that it looked at */
  remember(analyzer: AnyAnalyzer, result: EngineResult, kinds: ReadonlySet<string>): void;
}

/** Ends an analysis that takes too long. */
export interface Interrupt {
  /**
   * @param doing what is about to be done: `reading mesh.yaml`
   * @throws Error when the time is over
   */
  check(doing: string): void;
  /** Rejects when the time is over before the promise is settled. */
  race<T>(pending: Promise<T>, doing: string): Promise<T>;
}

/** A check that could not be made because the input has nothing of a kind. */
export interface Skipped {
  analyzer: string;
  kind: string;
}

export interface EngineResult {
  findings: Finding[];
  skipped: Skipped[];
  /** Analyzers that threw: plug-ins with a bug. The others went on. */
  crashes: { analyzer: string; error: unknown }[];
  ran: string[];
}

/** The kinds that the reference does not load from files; its analyzers that read one do not run without a cluster. */
const clusterOnly: ReadonlySet<string> = new Set(['Service', 'Pod', 'Namespace', 'Node', 'Secret']);

/** Runs every analyzer over the mesh. Findings come in the order of the analyzers and of their reports; see order.ts. */
export async function analyze(mesh: Mesh, analyzers: readonly AnyAnalyzer[], options: EngineOptions): Promise<EngineResult> {
  const result = emptyResult();
  const { memory, interrupt } = options;
  for (const analyzer of analyzers) {
    const doing = `running ${analyzer.name}`;
    interrupt?.check(doing);
    const known = memory?.recall(analyzer);
    if (known) {
      add(result, known);
      continue;
    }
    const own = memory ? emptyResult() : result;
    const kinds = new Set<string>(analyzer.reads);
    if (memory) mesh.observer = (kind) => kinds.add(kind);
    // Only what really waits is awaited: a turn of the event loop for each analyzer would be work for nothing.
    const pending = runOne(mesh, analyzer, options, own);
    if (pending) await (interrupt ? interrupt.race(pending, doing) : pending);
    if (!memory) continue;
    mesh.observer = undefined;
    add(result, own);
    if (own.crashes.length === 0) memory.remember(analyzer, own, kinds);
  }
  return result;
}

function add(result: EngineResult, { findings, skipped, crashes, ran }: EngineResult): void {
  for (const finding of findings) result.findings.push(finding);
  result.skipped.push(...skipped);
  result.crashes.push(...crashes);
  result.ran.push(...ran);
}

/**
 * As `analyze`, for analyzers that do not wait for anything.
 *
 * @throws Error when one does
 */
export function analyzeSync(mesh: Mesh, analyzers: readonly AnyAnalyzer[], options: EngineOptions): EngineResult {
  const result = emptyResult();
  for (const analyzer of analyzers) if (runOne(mesh, analyzer, options, result)) throw new Error(`${analyzer.name} is asynchronous`);
  return result;
}

function emptyResult(): EngineResult {
  return { findings: [], skipped: [], crashes: [], ran: [] };
}

function runOne(mesh: Mesh, analyzer: AnyAnalyzer, options: EngineOptions, result: EngineResult): Promise<void> | undefined {
  const unknown = analyzer.preset === 'reference' && mesh.options.assume === 'mesh-only' ? analyzer.reads.filter((k) => clusterOnly.has(k)) : [];
  if (unknown.length > 0) {
    for (const kind of unknown) result.skipped.push({ analyzer: analyzer.name, kind });
    return undefined;
  }
  const done = (): void => void result.ran.push(analyzer.name);
  const failed = (error: unknown): void => void result.crashes.push({ analyzer: analyzer.name, error });
  try {
    const pending = analyzer.check(createContext(mesh, analyzer, options, result));
    if (pending instanceof Promise) return pending.then(done, failed);
    done();
  } catch (error) {
    failed(error);
  }
  return undefined;
}

function createContext(mesh: Mesh, analyzer: AnyAnalyzer, options: EngineOptions, result: EngineResult): Context<Messages> {
  const skippedKinds = new Set<string>();
  const skip = (kind: string): false => {
    if (!skippedKinds.has(kind)) {
      skippedKinds.add(kind);
      result.skipped.push({ analyzer: analyzer.name, kind });
    }
    return false;
  };
  return {
    mesh,
    preset: options.preset,
    options: { ...analyzer.options, ...options.optionsOf?.(analyzer.name) },
    knows: (kind: KindName) => mesh.knows(kind) || skip(kind),
    knowsWorkloads: () => mesh.knowsWorkloads() || skip('Pod'),
    annotationProblem: (name, value) => options.annotationProblem?.(name, value),
    problemsOf: options.validate,
    structureOf: options.structure ?? (() => []),
    report: (code, resource, path, data, extra: ReportExtra = {}) => {
      const definition = (analyzer.messages as Messages)[code] as MessageDefinition<unknown> | undefined;
      if (!definition) throw new Error(`${analyzer.name} reports ${code}, which it does not declare`);
      const level = options.levelOf?.(code, analyzer.name, resource) ?? extra.level ?? definition.level;
      if (level === 'off') return;
      const resolve = (value: string | ((data: unknown) => string) | undefined): string | undefined => (typeof value === 'function' ? value(data) : value);
      result.findings.push({
        code,
        level,
        analyzer: analyzer.name,
        text: definition.text(data),
        summary: definition.summary,
        resource,
        path,
        help: extra.help ?? resolve(definition.help),
        effect: extra.effect ?? resolve(definition.effect),
        related: extra.related ?? [],
        fix: extra.fix,
        same: (data as { same?: string }).same,
        words: (data as { words?: string }).words,
      });
    },
  };
}
