import type { AnyAnalyzer, EngineResult, Memory } from '../analysis/engine.ts';
import type { InputProblem } from '../manifest/load.ts';
import type { Resource, SourceText } from '../manifest/resource.ts';
import type { StructureProblem } from '../schema/structure.ts';

/** A source as the pipeline has read it: loaded, checked against schemas, decoded. */
export interface ReadSource {
  source: SourceText;
  /** Those that can be used. */
  resources: Resource[];
  problems: InputProblem[];
  structure: Map<Resource, readonly StructureProblem[]>;
  unknownKinds: ReadonlyMap<string, number>;
}

interface Outcome {
  result: EngineResult;
  kinds: ReadonlySet<string>;
}

/** Analyzers see these without asking for a list of them. */
const seenByAll: readonly string[] = ['MeshConfig', 'MeshNetworks'];

/**
 * What runs of the pipeline with the same options have in common: of a source that did not change the same resources, of an
 * analyzer none of whose kinds changed the same findings.
 */
export class PipelineCache implements Memory {
  private sources = new Map<string, ReadSource>();
  private readonly outcomes = new Map<AnyAnalyzer, Outcome>();
  private readonly values = new Map<string, { inputs: readonly unknown[]; value: unknown }>();
  private readonly perResource = new WeakMap<Resource, unknown>();
  private before: ReadonlyMap<string, readonly Resource[]> = new Map();
  private hour = '';

  /** A source with this name and text, as it was read in the last run. */
  source({ name, text, damaged }: SourceText): ReadSource | undefined {
    const known = this.sources.get(name);
    return known?.source.text === text && known.source.damaged === damaged ? known : undefined;
  }

  keepSources(sources: readonly ReadSource[]): void {
    this.sources = new Map(sources.map((read) => [read.source.name, read]));
  }

  /** A value that is computed again when one of the inputs is another. */
  async value<T>(name: string, inputs: readonly unknown[], compute: () => Promise<T>): Promise<T> {
    const known = this.values.get(name);
    if (known && known.inputs.length === inputs.length && known.inputs.every((input, i) => input === inputs[i])) return known.value as T;
    const value = await compute();
    this.values.set(name, { inputs, value });
    return value;
  }

  /** What is said of a resource, which never changes. */
  once<T>(resource: Resource, compute: (resource: Resource) => T): T {
    if (!this.perResource.has(resource)) this.perResource.set(resource, compute(resource));
    return this.perResource.get(resource) as T;
  }

  /** Forgets what analyzers said of kinds of which there are not the same resources in the same order as in the last run. */
  compare(resources: readonly Resource[], now: Date): void {
    const kinds = Map.groupBy(resources, (resource) => resource.kindName);
    const changed = new Set([...kinds.keys(), ...this.before.keys()].filter((kind) => !isSame(kinds.get(kind) ?? [], this.before.get(kind) ?? [])));
    this.before = kinds;
    // Certificates expire with time.
    const hour = now.toISOString().slice(0, 13);
    const all = hour !== this.hour || seenByAll.some((kind) => changed.has(kind));
    this.hour = hour;
    for (const [analyzer, outcome] of this.outcomes) if (all || [...outcome.kinds].some((kind) => changed.has(kind))) this.outcomes.delete(analyzer);
  }

  recall(analyzer: AnyAnalyzer): EngineResult | undefined {
    return this.outcomes.get(analyzer)?.result;
  }

  remember(analyzer: AnyAnalyzer, result: EngineResult, kinds: ReadonlySet<string>): void {
    this.outcomes.set(analyzer, { result, kinds });
  }
}

function isSame(a: readonly Resource[], b: readonly Resource[]): boolean {
  return a.length === b.length && a.every((resource, i) => resource === b[i]);
}
