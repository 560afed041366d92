import { expect, it } from 'vitest';
import { runAnalyzer, type TestOptions } from '../src/analysis/testing.ts';
import type { MeshNetworks } from '../src/manifest/istio/mesh.gen.ts';
import { Resource } from '../src/manifest/resource.ts';
import analyzer from './meshnetworks.ts';

const networks = (fromRegistry: string): TestOptions => {
  const spec: MeshNetworks = { networks: { east: { endpoints: [{ fromRegistry }, { fromCidr: '10.0.0.0/8' }] } } };
  const raw = { apiVersion: 'mesh.istio.io/v1alpha1', kind: 'MeshNetworks', metadata: { name: 'meshnetworks', namespace: 'istio-system' }, spec };
  return { meshNetworksResource: new Resource<MeshNetworks>(raw, 'MeshNetworks', 'istio-system', undefined) };
};
const secret = (label: string, data = 'data: {remote: eA==}'): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: istio-system, labels: {istio/multiCluster: "${label}"}}\n${data}\n`;

it.each([
  ['Kubernetes', '', 0],
  ['External', '', 0],
  ['kubernetes', '', 1],
  ['remote', '', 1],
  ['remote', secret('true'), 0],
  ['remote', secret('true', 'stringData: {remote: x}'), 0],
  ['remote', secret('true', 'data: {other: eA==}'), 1],
  ['remote', secret('false'), 1],
  ['', '', 1],
])('registry %j beside %j', (registry, yaml, count) => {
  const said = runAnalyzer(analyzer, yaml, networks(registry));
  expect(said.map(({ code }) => code)).toEqual(Array(count).fill('IST0126'));
  if (said[0]) expect(said[0].text).toContain('network east');
});

it('says nothing without any Secret, when the input may not show all', () => {
  expect(runAnalyzer(analyzer, '', { ...networks('remote'), assume: 'auto' })).toEqual([]);
});
