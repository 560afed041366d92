// Meshes that follow each other for days keep what the last one needs, and not those before.
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { documentsOf, endpointSlice, virtualService } from '../../../bench/xds/mesh.ts';
import { meshOf } from '../../analysis/testing.ts';
import { loadSource } from '../../manifest/load.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { proxyIn } from '../clusters/testing.ts';
import { routingTable } from '../table.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const proxies = [proxyIn('ns-0', { addresses: ['10.9.9.9'], labels: { app: 'x' } }), proxyIn('ns-1'), proxyIn('ns-0', { role: 'gateway' })];
const changes: readonly [kind: string, name: string, text: (step: number) => string][] = [
  ['VirtualService', 'svc-3', (step) => virtualService(3, step)],
  ['EndpointSlice', 'svc-3-1', (step) => endpointSlice(3, step % 2)],
  [
    'DestinationRule',
    'svc-3',
    (step) => (documentsOf(3)[1] as string).replace('  subsets:', `  trafficPolicy: {connectionPool: {tcp: {maxConnections: ${step + 1}}}}\n  subsets:`),
  ],
  ['Service', 'svc-3', () => documentsOf(3)[0] as string],
];

it('meshes and resources that were replaced are given up', async () => {
  const text = Array.from({ length: 120 }, (_, i) => documentsOf(i))
    .flat()
    .join('---\n');
  let mesh = meshOf(text);
  const meshes: WeakRef<Mesh>[] = [];
  const resources: WeakRef<Resource>[] = [];
  for (let step = 0; step < 24; step++) {
    for (const proxy of proxies) routingTable(mesh, proxy);
    const [kind, name, textOf] = changes[step % changes.length] as (typeof changes)[number];
    const before = mesh.find(kind, 'ns-0', name) as Resource;
    const after = loadSource({ name: 'changed.yaml', text: textOf(step), json: false }, { defaultNamespace: 'default' }).resources[0] as Resource;
    meshes.push(new WeakRef(mesh));
    resources.push(new WeakRef(before));
    mesh = mesh.with([{ before, after }]);
    await setImmediate();
  }
  for (const proxy of proxies) routingTable(mesh, proxy);
  for (let i = 0; i < 4; i++) {
    collect();
    await setImmediate();
  }
  expect(meshes.filter((ref) => ref.deref()).length).toBe(0);
  // Variants of what one service has are remembered, a few for each.
  expect(resources.slice(0, 12).filter((ref) => ref.deref()).length).toBeLessThan(4);
  expect(mesh.list('Service').length).toBe(120);
});
