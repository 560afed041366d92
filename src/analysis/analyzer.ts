import type { Fix, Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import type { KindName, Mesh } from '../model/mesh.ts';
import type { Related } from './finding.ts';
import type { DataOf, Level, Messages } from './message.ts';

/** `reference`: only the reference's analyzers, as lenient as it is; `recommended`: what nobody wants in production; `strict`: more. */
export type Preset = 'reference' | 'recommended' | 'strict';

export interface ReportExtra {
  related?: readonly Related[];
  /** Instead of the message's own help. */
  help?: string;
  /** Instead of the message's own effect. */
  effect?: string;
  /** Instead of the message's own level, where one code is more or less certain. */
  level?: Level;
  fix?: Fix;
}

/** A problem that validation found in one resource, see src/schema. */
export interface ResourceProblem {
  code: string;
  text: string;
  path?: Path;
  help?: string;
  fix?: Fix;
  same?: string;
}

/** What an analyzer sees and says. */
export interface Context<M extends Messages, O = Record<string, unknown>> {
  readonly mesh: Mesh;
  readonly preset: Preset;
  /** Options from the configuration, over the analyzer's defaults. */
  readonly options: O;
  /**
   * Whether this mesh knows all resources of a kind, so that a missing one does not exist. When it does not, the check that asks
   * is counted as skipped: skip it, and only it.
   */
  knows(kind: KindName): boolean;
  /** As `knows`, for Pods and what makes them. */
  knowsWorkloads(): boolean;
  /**
   * @param path from the root of the document, `['spec', 'gateways', 0]`; undefined for the resource as a whole
   */
  report<C extends keyof M & string>(code: C, resource: Resource, path: Path | undefined, data: DataOf<M[C]>, extra?: ReportExtra): void;
  /** What is wrong with the value of an annotation of Istio; undefined when nothing is. */
  annotationProblem(name: string, value: string): string | undefined;
  /** What validation says of a resource. */
  problemsOf(resource: Resource): readonly ResourceProblem[];
  /** What the schema that a cluster has of its kind says of a resource: see src/schema/structure.ts. */
  structureOf(resource: Resource): readonly ResourceProblem[];
}

export interface Analyzer<M extends Messages = Messages, O = Record<string, unknown>> {
  /** `virtualservice.GatewayAnalyzer`: what -L lists and --analyzer takes. */
  name: string;
  summary: string;
  /** Kinds that it looks at; a test compares with what it really reads. */
  reads: readonly KindName[];
  /** It is about how resources are written: nothing is read from a cluster for its sake. */
  aboutFiles?: true;
  messages: M;
  /** Which presets have it on, if not told otherwise: `reference` analyzers are in all of them. */
  preset: 'reference' | 'recommended' | 'strict';
  /** Off in `recommended` and `strict`, because another analyzer says the same and is right more often. */
  supersededBy?: string;
  options?: O;
  /** May be asynchronous to load a heavy part only where the mesh needs it. */
  check(context: Context<M, O>): void | Promise<void>;
}

/**
 * Declares an analyzer. An analyzer is pure: it reads the mesh through its context and reports, and keeps nothing.
 *
 * @example
 * export default defineAnalyzer({
 *   name: 'virtualservice.GatewayAnalyzer',
 *   summary: 'gateways of virtual services exist',
 *   reads: ['VirtualService', 'Gateway'],
 *   preset: 'reference',
 *   messages: { IST0101: ist.IST0101 },
 *   check({ mesh, report }) { … },
 * });
 */
export function defineAnalyzer<M extends Messages, O = Record<string, unknown>>(analyzer: Analyzer<M, O>): Analyzer<M, O> {
  return analyzer;
}
