import { isDeepStrictEqual } from 'node:util';
import { type AnyAnalyzer, analyze, type EngineResult, type Interrupt, type Preset } from '../analysis/engine.ts';
import type { Finding } from '../analysis/finding.ts';
import { orderFindings } from '../analysis/order.ts';
import type { MeshConfig, MeshNetworks } from '../manifest/istio/mesh.gen.ts';
import { isKnownVersion } from '../manifest/kinds.ts';
import { type InputProblem, type LoadedSource, type LoadOptions, loadSource } from '../manifest/load.ts';
import { type RawObject, Resource, type SourceText } from '../manifest/resource.ts';
import { parseYaml } from '../manifest/yaml.ts';
import { defaultIngress } from '../model/default-ingress.ts';
import { type Assume, Mesh, platformKinds } from '../model/mesh.ts';
import { defaultMeshConfig, mergeMeshConfig } from '../model/mesh-config.ts';
import { decodeMessage } from '../schema/decode.ts';
import { specMessage } from '../schema/messages.ts';
import { dropNulls } from '../schema/nulls.ts';
import type { StructureProblem } from '../schema/structure.ts';
import { loadValidators } from '../schema/validate.ts';
import type { PipelineCache, ReadSource } from './pipeline-cache.ts';
import { checkStructure } from './structure.ts';

export interface PipelineOptions {
  sources: readonly SourceText[];
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
}

export interface PipelineResult {
  mesh: Mesh;
  /** What the mesh is made of, one of each name. */
  resources: readonly Resource[];
  findings: Finding[];
  problems: InputProblem[];
  engine: EngineResult;
  unknownKinds: Map<string, number>;
}

/** Reads the sources into a mesh and runs the analyzers over it. */
export async function runPipeline(options: PipelineOptions): Promise<PipelineResult> {
  const { cache } = options;
  const problems: InputProblem[] = [];
  const unknownKinds = new Map<string, number>();
  const byIdentity = new Map<string, Resource>();
  const structure = new Map<Resource, readonly StructureProblem[]>();
  const overridden: Resource[] = [];
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
      byIdentity.set(identity, resource);
    }
  }
  if (options.preset !== 'reference') problems.push(...definedTwice(overridden, byIdentity));
  const { problems: meshConfigProblems, ...meshConfig } = await readMeshConfig([...byIdentity.values()], options);
  problems.push(...meshConfigProblems);
  if (options.preset === 'reference' && options.assume === 'complete') {
    for (const resource of defaultIngress(options.istioNamespace, meshConfig.meshConfig)) {
      const identity = identityOf(resource);
      if (!byIdentity.has(identity)) byIdentity.set(identity, resource);
    }
  }
  const resources = [...byIdentity.values()];
  const mesh = new Mesh(resources, {
    assume: options.assume,
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
    const loaded = loadSource(source, { defaultNamespace: options.defaultNamespace, isRead });
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

/** Gives the spec its types; a resource whose fields have wrong types is a problem of the input and not analyzed. */
function decodeResource(resource: Resource, structure: readonly StructureProblem[], problems: InputProblem[]): boolean {
  const errors: Pick<InputProblem, 'path' | 'text' | 'help' | 'fix'>[] = structure.filter((problem) => problem.code === 'WFT0003');
  const message = specMessage[resource.kindName];
  if (!message) dropNulls(resource.raw);
  else if (resource.raw.spec !== undefined && resource.raw.spec !== null) errors.push(...decodeMessage(message, resource.raw.spec, ['spec']).errors);
  for (const { text, help, path, fix } of errors) {
    problems.push({
      code: 'WFT0003',
      level: 'Error',
      source: resource.document?.source as SourceText,
      offset: resource.document?.start,
      text,
      help,
      unparsable: true,
      resource,
      path,
      fix,
    });
  }
  return errors.length === 0;
}

interface MeshConfigs {
  meshConfig: MeshConfig;
  meshConfigResource: Resource<MeshConfig>;
  meshNetworksResource?: Resource<MeshNetworks>;
  problems: InputProblem[];
}

/** Defaults, then the ConfigMap `istio` of the input (which the reference takes from a cluster only), then --meshConfigFile. */
async function readMeshConfig(resources: readonly Resource[], options: PipelineOptions): Promise<MeshConfigs> {
  const { istioNamespace, meshConfigSource, preset, cache } = options;
  const isMeshConfig = (r: Resource): boolean => preset !== 'reference' && r.kindName === 'ConfigMap' && r.name === 'istio' && r.namespace === istioNamespace;
  const map = resources.find(isMeshConfig);
  const read = (): Promise<MeshConfigs> => mergeMeshConfigs(map, options);
  return cache ? cache.value('mesh configuration', [map, meshConfigSource?.name, meshConfigSource?.text], read) : read();
}

async function mergeMeshConfigs(map: Resource | undefined, options: PipelineOptions): Promise<MeshConfigs> {
  const { istioNamespace, meshConfigSource } = options;
  const problems: InputProblem[] = [];
  const validate = await loadValidators(['MeshConfig'], false);
  // The root namespace of the reference is not where its control plane is, unless the configuration says so.
  let meshConfig = defaultMeshConfig(options.preset === 'reference' ? 'istio-system' : istioNamespace);
  const data = (map?.raw.data ?? {}) as Record<string, string>;
  const layers = [data.mesh, meshConfigSource?.text];
  for (const text of layers) {
    if (text === undefined) continue;
    try {
      const value = parseYaml(text, true).value ?? {};
      const decoded = decodeMessage('istio.mesh.v1alpha1.MeshConfig', value, []);
      if (decoded.errors.length === 0) {
        const merged = mergeMeshConfig(meshConfig, value as MeshConfig);
        // The reference goes on without a configuration that breaks a rule; otherwise validation tells the rule.
        if (options.preset !== 'reference' || !validate(meshConfigOf(merged)).some((p) => p.level === 'Error')) meshConfig = merged;
      } else reportMeshConfig(decoded.errors.map((e) => `${e.path.join('.')} ${e.text}`).join('; '));
    } catch (error) {
      reportMeshConfig((error as Error).message);
    }
  }
  const meshConfigResource = meshConfigOf(meshConfig);
  let meshNetworksResource: Resource<MeshNetworks> | undefined;
  if (data.meshNetworks !== undefined) {
    try {
      const value = parseYaml(data.meshNetworks, true).value ?? {};
      if (decodeMessage('istio.mesh.v1alpha1.MeshNetworks', value, []).errors.length === 0) {
        meshNetworksResource = new Resource<MeshNetworks>(
          object('MeshNetworks', 'meshnetworks', value),
          'MeshNetworks',
          istioNamespace,
          map?.document,
          map?.within,
        );
      }
    } catch (error) {
      reportMeshConfig((error as Error).message);
    }
  }
  return { meshConfig, meshConfigResource, meshNetworksResource, problems };

  function object(kind: string, name: string, spec: unknown): RawObject {
    return { apiVersion: 'mesh.istio.io/v1alpha1', kind, metadata: { name, namespace: istioNamespace }, spec };
  }

  function meshConfigOf(spec: MeshConfig): Resource<MeshConfig> {
    const file = meshConfigSource && { source: meshConfigSource, index: 0, start: 0, end: meshConfigSource.text.length };
    const [document, within] = file ? [file, []] : [map?.document, map?.within];
    return new Resource(object('MeshConfig', 'meshconfig', spec), 'MeshConfig', istioNamespace, document, within);
  }

  function reportMeshConfig(text: string): void {
    const source = meshConfigSource ?? map?.document?.source;
    if (source)
      problems.push({ code: 'WFT0008', level: 'Warning', source, offset: undefined, text: `the mesh configuration is not used: ${text}`, unparsable: false });
  }
}
