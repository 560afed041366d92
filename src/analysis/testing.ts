import type { MeshConfig } from '../manifest/istio/mesh.gen.ts';
import { loadSource } from '../manifest/load.ts';
import { formatPath } from '../manifest/problem.ts';
import { type RawObject, Resource, type SourceText } from '../manifest/resource.ts';
import { Mesh, type MeshOptions } from '../model/mesh.ts';
import { defaultMeshConfig, mergeMeshConfig } from '../model/mesh-config.ts';
import { annotationProblem } from '../schema/annotations.ts';
import { decodeMessage } from '../schema/decode.ts';
import { specMessage } from '../schema/messages.ts';
import { type AnyAnalyzer, analyze, analyzeSync, type EngineOptions } from './engine.ts';
import type { Finding } from './finding.ts';
import type { Level } from './message.ts';
import { lineOf, orderFindings } from './order.ts';

export interface TestOptions extends Partial<Omit<MeshOptions, 'meshConfig'>>, Partial<EngineOptions> {
  /** Namespace of resources that name none; empty by default. */
  defaultNamespace?: string;
  /** Over the defaults. */
  meshConfig?: MeshConfig;
}

/** A finding as a table test compares it. */
export interface Said {
  code: string;
  level: Level;
  line: number | undefined;
  text: string;
}

/** A mesh of the resources in a YAML text; everything that is not in it does not exist, unless told otherwise. */
export function meshOf(yaml: string, options: TestOptions = {}): Mesh {
  const { defaultNamespace = '', meshConfig = {}, preset = 'reference', istioNamespace = 'istio-system' } = options;
  const source: SourceText = { name: 'test.yaml', text: yaml, json: false };
  const { resources, problems } = loadSource(source, { defaultNamespace });
  const said = problems.map((p) => p.text);
  for (const { kindName, raw } of resources) {
    const message = specMessage[kindName];
    if (message && raw.spec) said.push(...decodeMessage(message, raw.spec, ['spec']).errors.map((e) => `${formatPath(e.path)} ${e.text}`));
  }
  if (said.length > 0) throw new Error(`the test's YAML is not as it should be: ${said.join('; ')}`);
  const merged = mergeMeshConfig(defaultMeshConfig(istioNamespace), meshConfig);
  const object: RawObject = {
    apiVersion: 'mesh.istio.io/v1alpha1',
    kind: 'MeshConfig',
    metadata: { name: 'meshconfig', namespace: istioNamespace },
    spec: merged,
  };
  return new Mesh(resources, {
    assume: 'complete',
    templates: preset !== 'reference',
    knownHosts: [],
    now: new Date('2025-06-01T00:00:00Z'),
    meshConfigResource: new Resource<MeshConfig>(object, 'MeshConfig', istioNamespace, undefined),
    ...options,
    istioNamespace,
    meshConfig: merged,
  });
}

/** What one analyzer finds in a YAML text, in the order in which it is printed. A throwing analyzer throws here. */
export function findingsOf(analyzer: AnyAnalyzer, yaml: string, options: TestOptions = {}): Finding[] {
  const { preset = 'reference' } = options;
  const result = analyzeSync(meshOf(yaml, options), [analyzer], { validate: () => [], annotationProblem, ...options, preset });
  if (result.crashes[0]) throw result.crashes[0].error;
  return orderFindings(result.findings, preset === 'reference');
}

/** As `findingsOf`, for an analyzer that may wait for something. */
export async function findingsOfAsync(analyzer: AnyAnalyzer, yaml: string, options: TestOptions = {}): Promise<Finding[]> {
  const { preset = 'reference' } = options;
  const result = await analyze(meshOf(yaml, options), [analyzer], { validate: () => [], annotationProblem, ...options, preset });
  if (result.crashes[0]) throw result.crashes[0].error;
  return orderFindings(result.findings, preset === 'reference');
}

/** As `findingsOf`, with what a table test compares. */
export function runAnalyzer(analyzer: AnyAnalyzer, yaml: string, options: TestOptions = {}): Said[] {
  return findingsOf(analyzer, yaml, options).map((f) => ({ code: f.code, level: f.level, line: lineOf(f), text: f.text }));
}
