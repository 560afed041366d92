import { describe, expect, it } from 'vitest';
import { defineAnalyzer } from '../analysis/analyzer.ts';
import { message } from '../analysis/message.ts';
import { itemOfFinding, itemOfProblem } from '../analysis/report/report.ts';
import { sourceText } from '../manifest/files.ts';
import type { RawObject } from '../manifest/resource.ts';
import { type ClusterInput, resourcesOf } from './cluster-input.ts';
import { type PipelineOptions, runPipeline } from './pipeline.ts';

const object = (kind: string, name: string, more: Partial<RawObject> = {}, namespace = 'shop'): RawObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace },
  ...more,
});

/** Says what is there, and of which kinds that is all. */
const inventory = defineAnalyzer({
  name: 'test.Inventory',
  summary: 'what is there',
  reads: ['Gateway', 'Secret'],
  preset: 'reference',
  messages: {
    T1: message<{ known: boolean }>({
      name: 'There',
      level: 'Info',
      summary: 'it is there',
      text: ({ known }) => (known ? 'and no other' : 'perhaps with others'),
    }),
  },
  check({ mesh, knows, report }) {
    for (const kind of ['Gateway', 'Secret'] as const)
      for (const one of mesh.list(kind))
        report('T1', one, ['spec'], { known: knows(kind) }, { fix: { title: 'x', path: ['spec'], target: 'value', text: 'x' } });
  },
});

async function run(cluster: Partial<ClusterInput>, text = '', more: Partial<PipelineOptions> = {}) {
  const input: ClusterInput = { resources: [], problems: [], complete: new Set(), ...cluster };
  const { findings, problems, mesh, engine } = await runPipeline({
    sources: text === '' ? [] : [sourceText('a.yaml', text)],
    cluster: input,
    defaultNamespace: 'shop',
    istioNamespace: 'istio-system',
    assume: 'auto',
    preset: 'recommended',
    analyzers: [inventory],
    knownHosts: [],
    now: new Date(0),
    ...more,
  });
  const said = findings.map(itemOfFinding).map(({ origin, file, text: what, fix }) => `${origin} ${file ?? 'cluster'}${fix ? ' (repair)' : ''}: ${what}`);
  return { said, problems: problems.map(itemOfProblem), mesh, skipped: engine.skipped.map(({ kind }) => kind) };
}

const gateways = (...names: string[]) =>
  resourcesOf(
    'Gateway',
    names.map((name) => object('Gateway', name)),
  );
const file = 'apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: a}\nspec: {selector: {app: a}}\n';

describe('a cluster', () => {
  it('is analyzed without any file', async () => {
    const { said, problems } = await run({ ...gateways('a', 'b'), complete: new Set(['Gateway']) });
    expect([said, problems]).toEqual([['Gateway shop/a cluster: and no other', 'Gateway shop/b cluster: and no other'], []]);
  });

  it('has what the files say in the place of its objects, and only files can be repaired', async () => {
    const { said, problems } = await run({ ...gateways('a', 'b'), complete: new Set(['Gateway']) }, file);
    expect(said).toEqual(['Gateway shop/a a.yaml (repair): and no other', 'Gateway shop/b cluster: and no other']);
    // It was not defined twice: one of the two is what is to come.
    expect(problems).toEqual([]);
  });

  it('is not known where it was not read entirely, whatever it and the files have', async () => {
    const { said, skipped } = await run(gateways('b'), file);
    expect(said.map((line) => line.slice(line.indexOf(':')))).toEqual([': perhaps with others', ': perhaps with others']);
    expect(skipped).toEqual(['Gateway']);
    expect((await run(gateways('b'), '', { assume: 'complete' })).said).toEqual(['Gateway shop/b cluster: and no other']);
  });

  it('is asked for what the resources of both refer to', async () => {
    const asked: string[][] = [];
    const { said } = await run(
      {
        ...gateways('b'),
        referenced: async (resources) => {
          asked.push([...resources].map(({ name }) => name).sort());
          return { resources: resourcesOf('Secret', [object('Secret', 'web', { apiVersion: 'v1' })]).resources, complete: new Set(['Secret']) };
        },
      },
      file,
    );
    expect(asked).toEqual([['a', 'b']]);
    expect(said.filter((line) => line.startsWith('Secret'))).toEqual(['Secret shop/web cluster: and no other']);
  });

  it('has no ingress gateway that it does not have', async () => {
    const { mesh } = await run({ complete: new Set(['Pod']) }, '', { preset: 'reference', assume: 'complete' });
    expect(mesh.list('Pod')).toEqual([]);
  });
});

describe('objects of a cluster', () => {
  it('of its own machinery are left out', () => {
    const names = resourcesOf(
      'Namespace',
      ['shop', 'kube-system', 'local-path-storage'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    );
    expect(names.resources.map(({ friendlyName }) => friendlyName)).toEqual(['Namespace shop']);
    expect(resourcesOf('Gateway', [object('Gateway', 'a', {}, 'kube-system')]).resources).toEqual([]);
  });

  it('that cannot be used are named, unless a file is to take their place', async () => {
    const wrong = resourcesOf('Gateway', [object('Gateway', 'a', { spec: { servers: 5 } })]);
    expect(wrong.resources).toEqual([]);
    const [item] = (await run(wrong)).problems;
    expect(item).toMatchObject({ code: 'WFT0003', origin: 'Gateway shop/a', file: undefined, place: undefined, unparsable: true, field: 'spec.servers' });
    expect(item?.effect).toBe('nothing in this object is analyzed');
    expect((await run(wrong, file)).problems).toEqual([]);
  });

  it('hold the mesh configuration, for the preset reference, too', async () => {
    const map = resourcesOf('ConfigMap', [object('ConfigMap', 'istio', { apiVersion: 'v1', data: { mesh: 'rootNamespace: root' } }, 'istio-system')]);
    for (const preset of ['reference', 'recommended'] as const) expect((await run(map, '', { preset })).mesh.rootNamespace).toBe('root');
    const broken = resourcesOf('ConfigMap', [object('ConfigMap', 'istio', { apiVersion: 'v1', data: { mesh: 'rootNamespace: [' } }, 'istio-system')]);
    const [item] = (await run(broken)).problems;
    expect(item).toMatchObject({ code: 'WFT0008', origin: 'ConfigMap istio-system/istio', file: undefined });
  });
});
