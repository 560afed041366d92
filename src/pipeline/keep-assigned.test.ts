import { describe, expect, it } from 'vitest';
import { sourceText } from '../manifest/files.ts';
import type { RawObject } from '../manifest/resource.ts';
import { resourcesOf } from './cluster-input.ts';
import { runPipeline } from './pipeline.ts';

/** Objects as a cluster has them. */
const inCluster: readonly (readonly [kind: string, object: RawObject])[] = [
  [
    'Service',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'cart', namespace: 'shop', creationTimestamp: '2024-01-01T00:00:00Z', uid: 'u-1' } as RawObject['metadata'],
      spec: { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv4'], ports: [{ port: 81 }] },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] }, conditions: [{ type: 'Accepted', status: 'False' }] },
    },
  ],
  [
    'Pod',
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'cart-1', namespace: 'shop' },
      spec: { containers: [] },
      status: { podIP: '10.1.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
    },
  ],
];

async function mesh(files: readonly string[], cluster = inCluster) {
  const { mesh: read } = await runPipeline({
    sources: files.map((text, i) => sourceText(`${i}.yaml`, text)),
    cluster: { resources: cluster.flatMap(([kind, object]) => resourcesOf(kind, [structuredClone(object)]).resources), problems: [], complete: new Set() },
    defaultNamespace: 'shop',
    istioNamespace: 'istio-system',
    assume: 'auto',
    preset: 'recommended',
    analyzers: [],
    knownHosts: [],
    now: new Date(0),
  });
  return read;
}

const service = (spec: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: cart}\nspec: {${spec}}\n`;

describe('a file over a cluster', () => {
  it('keeps the addresses, the creation time and the status of what it changes', async () => {
    const found = (await mesh([service('ports: [{port: 80}]')])).find('Service', 'shop', 'cart');
    expect(found?.raw).toMatchObject({
      metadata: { creationTimestamp: '2024-01-01T00:00:00Z', uid: 'u-1' },
      spec: { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv4'], ports: [{ port: 80 }] },
    });
    // What somebody said of the spec as it was is not true of another one.
    expect(found?.raw.status).toEqual({ loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } });
    expect(found?.document?.source.name).toBe('0.yaml');
  });

  it('keeps the conditions of a pod, by which its endpoint is ready', async () => {
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: cart-1, labels: {version: v2}}\nspec: {containers: []}\n';
    const found = (await mesh([pod])).find('Pod', 'shop', 'cart-1');
    expect([found?.labels, found?.raw.status]).toEqual([{ version: 'v2' }, { podIP: '10.1.0.1', conditions: [{ type: 'Ready', status: 'True' }] }]);
  });

  it.each([
    ['an address that the file asks for', 'clusterIP: 10.0.0.9, ports: [{port: 80}]', '10.0.0.9'],
    ['a Service that becomes headless', 'clusterIP: None, ports: [{port: 80}]', 'None'],
    ['a Service that becomes a name', 'type: ExternalName, externalName: a.example', undefined],
  ])('%s counts', async (_, spec, expected) => {
    expect((await mesh([service(spec)])).find('Service', 'shop', 'cart')?.spec.clusterIP).toBe(expected);
  });

  it('keeps it of the cluster, where two files have the object', async () => {
    const found = (await mesh([service('clusterIP: None, ports: [{port: 80}]'), service('ports: [{port: 82}]')])).find('Service', 'shop', 'cart');
    expect(found?.spec).toMatchObject({ clusterIP: '10.0.0.1', ports: [{ port: 82 }] });
  });

  it('is as it is where the cluster does not have the object', async () => {
    expect((await mesh([service('ports: [{port: 80}]')], [])).find('Service', 'shop', 'cart')?.raw).not.toHaveProperty('spec.clusterIP');
  });
});
