import { expect, it } from 'vitest';
import { Resource } from '../manifest/resource.ts';
import { ListedAddresses } from './endpoint-lists.ts';
import { Mesh } from './mesh.ts';
import { defaultMeshConfig } from './mesh-config.ts';

function slice(name: string, service: string, address: string): Resource {
  const metadata = { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': service } };
  const rest = { addressType: 'IPv4', ports: [{ port: 80 }], endpoints: [{ addresses: [address] }] };
  return new Resource({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, ...rest }, 'EndpointSlice', 'shop', undefined);
}
function endpoints(name: string, ip: string): Resource {
  const subsets = [{ addresses: [{ ip }], ports: [{ port: 80 }] }];
  return new Resource({ apiVersion: 'v1', kind: 'Endpoints', metadata: { name, namespace: 'shop' }, subsets }, 'Endpoints', 'shop', undefined);
}
const options = { assume: 'complete' as const, istioNamespace: 'istio-system', meshConfig: defaultMeshConfig('istio-system'), order: 'name' as const };
const meshOf = (resources: readonly Resource[]): Mesh => new Mesh(resources, { ...options, templates: false, knownHosts: [], now: new Date(0) });
const addresses = (mesh: Mesh): Record<string, string[]> =>
  Object.fromEntries([...ListedAddresses.of(mesh).in('shop')].map(([service, list]) => [service, list.map(({ address }) => address)]));

const [a, b1, b2, other] = [slice('a', 'a', '1.1.1.1'), slice('b1', 'b', '2.1.1.1'), slice('b2', 'b', '2.2.2.2'), endpoints('a', '9.9.9.9')];
const many = Array.from({ length: 40 }, (_, i) => ({ before: slice(`m${i}`, `m${i}`, '3.1.1.1'), after: slice(`m${i}`, `m${i}`, '3.2.2.2') }));

it.each<[string, { before?: Resource; after?: Resource }[], Record<string, string[]>]>([
  ['an address changes', [{ before: a, after: slice('a', 'a', '1.2.2.2') }], { a: ['1.2.2.2'] }],
  ['one of two slices goes', [{ before: b1 }], { b: ['2.2.2.2'] }],
  ['a slice comes to be of another service', [{ before: b2, after: slice('b2', 'a', '2.2.2.2') }], { a: ['1.1.1.1', '2.2.2.2'], b: ['2.1.1.1'] }],
  ['Endpoints count when the slices are gone', [{ before: a }], { a: ['9.9.9.9'] }],
  ['nothing is left', [{ before: a }, { before: other }], { a: [] }],
  ['a service is new', [{ after: slice('c', 'c', '4.4.4.4') }], { c: ['4.4.4.4'] }],
  ['many change', many, { m0: ['3.2.2.2'], m39: ['3.2.2.2'] }],
])('%s', (_, changes, expected) => {
  const resources = [a, b1, b2, other, ...many.map(({ before }) => before)];
  const before = meshOf(resources);
  expect(addresses(before)).toMatchObject({ a: ['1.1.1.1'], b: ['2.1.1.1', '2.2.2.2'] });
  const gone = new Set(changes.map(({ before }) => before));
  const fresh = addresses(meshOf([...resources.filter((one) => !gone.has(one)), ...changes.flatMap(({ after }) => after ?? [])]));
  const after = addresses(before.with(changes));
  expect(after).toEqual(fresh);
  for (const [service, list] of Object.entries(expected)) expect(after[service] ?? []).toEqual(list);
});

it('lists of services that nothing happened to stay the same objects', () => {
  const before = meshOf([a, b1, b2]);
  const list = ListedAddresses.of(before).in('shop').get('b');
  expect(
    ListedAddresses.of(before.with([{ before: a }]))
      .in('shop')
      .get('b'),
  ).toBe(list);
});
