import { isDeepStrictEqual } from 'node:util';
import { type AnyAnalyzer, analyze, type EngineResult, type Interrupt, type Preset } from '../analysis/engine.ts';
import type { Finding } from '../analysis/finding.ts';
import { orderFindings } from '../analysis/order.ts';
import { isKnownVersion } from '../manifest/kinds.ts';
import { type InputProblem, type LoadedSource, type LoadOptions, loadSource } from '../manifest/load.ts';
import type { Resource, SourceText } from '../manifest/resource.ts';
import { defaultIngress } from '../model/default-ingress.ts';
import { type Assume, Mesh, platformKinds } from '../model/mesh.ts';
import type { StructureProblem } from '../schema/structure.ts';
import { loadValidators } from '../schema/validate.ts';
import type { ClusterInput } from './cluster-input.ts';
import { decodeResource } from './decode-resource.ts';
import { keepAssigned } from './keep-assigned.ts';
import { readMeshConfig } from './mesh-configs.ts';
import type { PipelineCache, ReadSource } from './pipeline-cache.ts';
import { checkStructure } from './structure.ts';

export interface PipelineOptions {
  sources: readonly SourceText[];
  /** With `auto` it tells which kinds are known. */
  cluster?: ClusterInput | undefined;
  meshConfigSource?: SourceText;
  /** Given to namespaced resources that name none; empty for all namespaces. */
  defaultNamespace: string;
  istioNamespace: string;
  assume: Assume;
  preset: Preset;
  analyzers: readonly AnyAnalyzer[];
  knownHosts: readonly string[];
  /** When the analysis is made, for what expires. */
  now: Date;
  levelOf?: Parameters<typeof analyze>[2]['levelOf'];
  optionsOf?: Parameters<typeof analyze>[2]['optionsOf'];
  /** Of runs with the same options; only the sources and the time may differ. */
  cache?: PipelineCache;
  interrupt?: Interrupt;
  /** Documents that are as if they were not there. */
  isPassedOver?: LoadOptions['isPassedOver'];
}

export interface PipelineResult {
  mesh: Mesh;
  /** What the mesh is made of, one of each name: what a file lays over an object of the cluster has what that was assigned (keep-assigned.ts). */
  resources: readonly Resource[];
  findings: Finding[];
  problems: InputProblem[];
  engine: EngineResult;
  unknownKinds: Map<string, number>;
}

/** Reads the sources into a mesh and runs the analyzers over it. */
export async function runPipeline(options: PipelineOptions): Promise<PipelineResult> {
  const { cache, cluster } = options;
  const problems: InputProblem[] = [];
  const unknownKinds = new Map<string, number>();
  const byIdentity = new Map<string, Resource>();
  const structure = new Map<Resource, readonly StructureProblem[]>();
  const overridden: Resource[] = [];
  const ofCluster = (resource: Resource): void => void byIdentity.set(identityOf(resource), resource);
  cluster?.resources.forEach(ofCluster);
  const inCluster: ReadonlyMap<string, Resource> = new Map(byIdentity);
  for (const read of await readSources(options)) {
    problems.push(...read.problems);
    for (const [kind, count] of read.unknownKinds) unknownKinds.set(kind, (unknownKinds.get(kind) ?? 0) + count);
    for (const [resource, found] of read.structure) structure.set(resource, found);
    for (const resource of read.resources) {
      const identity = identityOf(resource);
      const before = byIdentity.get(identity);
      // The last of a name counts, but the same text again is the resource that is there already.
      if (before && textOf(before) === textOf(resource)) continue;
      if (before) overridden.push(before);
      const former = inCluster.get(identity);
      const applied = former ? keepAssigned(resource, former) : resource;
      const found = applied === resource ? undefined : read.structure.get(resource);
      if (found) structure.set(applied, found);
      byIdentity.set(identity, applied);
    }
  }
  problems.push(...(cluster?.problems ?? []).filter(({ resource }) => resource && !byIdentity.has(identityOf(resource))));
  const known = cluster && new Set(cluster.complete);
  if (cluster?.referenced) {
    const more = await cluster.referenced(byIdentity.values());
    for (const resource of more.resources) if (!byIdentity.has(identityOf(resource))) ofCluster(resource);
    for (const kind of more.complete) known?.add(kind);
  }
  if (options.preset !== 'reference') problems.push(...definedTwice(overridden, byIdentity));
  const { problems: meshConfigProblems, ...meshConfig } = await readMeshConfig([...byIdentity.values()], options);
  problems.push(...meshConfigProblems);
  if (options.preset === 'reference' && options.assume === 'complete' && !cluster) {
    for (const resource of defaultIngress(options.istioNamespace, meshConfig.meshConfig)) {
      const identity = identityOf(resource);
      if (!byIdentity.has(identity)) byIdentity.set(identity, resource);
    }
  }
  const resources = [...byIdentity.values()];
  const mesh = new Mesh(resources, {
    ...(known && options.assume === 'auto' ? { assume: 'complete', known } : { assume: options.assume }),
    istioNamespace: options.istioNamespace,
    templates: options.preset !== 'reference',
    knownHosts: options.knownHosts,
    now: options.now,
    ...meshConfig,
  });
  const kinds = new Set(resources.map((r) => r.kindName)).add('MeshConfig').add('MeshNetworks');
  const validate = await loadValidators(kinds, options.preset !== 'reference');
  const { meshConfigResource, meshNetworksResource } = meshConfig;
  cache?.compare([...resources, meshConfigResource, ...(meshNetworksResource ? [meshNetworksResource] : [])], options.now);
  const annotated = resources.some((r) => r.raw.metadata.annotations !== undefined);
  const annotationProblem = annotated ? (await import('../schema/annotations.ts')).annotationProblem : undefined;
  const engine = await analyze(mesh, options.analyzers, {
    preset: options.preset,
    validate: cache ? (resource) => cache.once(resource, validate) : validate,
    structure: (resource) => structure.get(resource) ?? [],
    annotationProblem,
    levelOf: options.levelOf,
    optionsOf: options.optionsOf,
    memory: cache,
    interrupt: options.interrupt,
  });
  return { mesh, resources, findings: orderFindings(engine.findings, options.preset === 'reference'), problems, engine, unknownKinds };
}

/** Loads, checks and decodes the sources; those that the cache has stay as they are. */
async function readSources({ sources, cache, interrupt, ...options }: PipelineOptions): Promise<ReadSource[]> {
  const fresh = new Map<ReadSource, LoadedSource>();
  const isRead = options.preset === 'reference' ? readByReference(options) : undefined;
  const read = sources.map((source) => {
    const known = cache?.source(source);
    if (known) return known;
    interrupt?.check(`reading ${source.name}`);
    const loaded = loadSource(source, { defaultNamespace: options.defaultNamespace, isRead, isPassedOver: options.isPassedOver });
    const one: ReadSource = { source, resources: [], problems: loaded.problems, structure: new Map(), unknownKinds: loaded.unknownKinds };
    fresh.set(one, loaded);
    return one;
  });
  // Before decoding, which gives Istio specs their types where a cluster would refuse what is written.
  const structure = await checkStructure(
    [...fresh.values()].flatMap((loaded) => loaded.resources),
    options.preset,
    options.assume,
  );
  for (const [one, loaded] of fresh) {
    interrupt?.check(`decoding ${one.source.name}`);
    for (const resource of loaded.resources) {
      const found = structure.get(resource);
      if (found) one.structure.set(resource, found);
      if (decodeResource(resource, found ?? [], one.problems)) one.resources.push(resource);
    }
  }
  cache?.keepSources(read);
  return read;
}

/**
 * The reference passes over kinds that none of its analyzers asks for (if there are any), versions that it does not know, and
 * what it takes from a cluster only.
 */
function readByReference({ analyzers, assume }: Pick<PipelineOptions, 'analyzers' | 'assume'>): LoadOptions['isRead'] {
  const asked = new Set<string>(analyzers.flatMap((analyzer) => analyzer.reads));
  return (kind, apiVersion) =>
    (asked.size === 0 || asked.has(kind)) && isKnownVersion(apiVersion, kind) && (assume !== 'mesh-only' || !platformKinds.has(kind));
}

/** WFT0007 for every resource that another of its name stands in for and that says something else. */
function definedTwice(overridden: readonly Resource[], byIdentity: ReadonlyMap<string, Resource>): InputProblem[] {
  return overridden.flatMap((resource) => {
    const { document, name, friendlyName } = resource;
    const winner = byIdentity.get(identityOf(resource));
    // Without a name (generateName) there are as many as are written.
    if (!document || !winner?.document || name === '' || isDeepStrictEqual(resource.raw, winner.raw)) return [];
    const other = winner.document.source.name === document.source.name ? 'this file' : winner.document.source.name;
    const text = `${friendlyName} is defined again in ${other}, and only the last definition counts`;
    const help = 'remove one of the two, or give it another name or namespace';
    const path = ['metadata', 'name'];
    const related = [{ resource: winner, path, text: 'the definition that counts' }];
    return [{ code: 'WFT0007', level: 'Warning', source: document.source, offset: undefined, text, help, unparsable: false, resource, path, related }];
  });
}

function identityOf(resource: Resource): string {
  return `${resource.kindName} ${resource.namespace}/${resource.name}`;
}

function textOf({ document, within, raw }: Resource): string {
  return document && within.length === 0 ? document.source.text.slice(document.start, document.end) : JSON.stringify(raw);
}
