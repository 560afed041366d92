import { expect, it } from 'vitest';
import { analyzers } from '../../analyzers/index.ts';
import type { Preset } from '../analysis/engine.ts';
import { sourceText } from '../manifest/files.ts';
import { formatPath } from '../manifest/problem.ts';
import type { Assume } from '../model/mesh.ts';
import { runPipeline } from './pipeline.ts';

/** What is wrong with a text: problems of the input first. */
async function said(yaml: string, preset: Preset, assume: Assume): Promise<string[]> {
  const { problems, findings } = await runPipeline({
    sources: [sourceText('a.yaml', yaml)],
    defaultNamespace: '',
    istioNamespace: 'istio-system',
    assume,
    preset,
    analyzers: analyzers.filter((a) => (preset === 'reference' ? a.preset === 'reference' : a.name === 'schema.StructureAnalyzer')),
    knownHosts: [],
    now: new Date(0),
  });
  return [
    ...problems.map((p) => `${p.code}${p.unparsable ? ' unparsable' : ''} ${formatPath(p.path ?? [])}`),
    ...findings.filter((f) => f.code.startsWith('WFT')).map((f) => `${f.code} ${formatPath(f.path ?? [])}`),
  ];
}

const configMap = '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: []}';
const service = '{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: web}}';
const job = '{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {completions: many}}';
const route = '{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: a}, spec: {hostnames: a}}';
const virtualService = '{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, generation: x}}';
const typo =
  '{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a}, spec: {hosts: [a], htp: [], http: [{route: [{destination: {host: a}, weight: "100"}]}]}}';
const both = '{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a}, spec: {hosts: 5, htp: []}}';

it.each([
  // The reference passes over what it does not read: without a cluster Services and the like, and always what no analyzer is about.
  ['reference', 'mesh-only', configMap, ['WFT0003 unparsable data']],
  ['reference', 'mesh-only', service, []],
  ['reference', 'complete', service, ['WFT0003 unparsable spec.ports']],
  ['reference', 'complete', job, []],
  ['reference', 'mesh-only', route, ['WFT0003 unparsable spec.hostnames']],
  ['reference', 'mesh-only', virtualService, ['WFT0003 unparsable metadata.generation']],
  ['reference', 'mesh-only', typo, []],
  ['recommended', 'auto', configMap, ['WFT0003 unparsable data']],
  ['recommended', 'auto', service, ['WFT0003 unparsable spec.ports']],
  ['recommended', 'auto', job, ['WFT0003 unparsable spec.completions']],
  // What decoding repairs, a cluster refuses.
  ['recommended', 'auto', typo, ['WFT0004 spec.htp', 'WFT0006 spec.http[0].route[0].weight']],
  // Once, by who decodes the spec.
  ['recommended', 'auto', both, ['WFT0003 unparsable spec.hosts']],
] as const)('%s, %s: %s', async (preset, assume, yaml, expected) => {
  expect(await said(yaml, preset, assume)).toEqual(expected);
});
