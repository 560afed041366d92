import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ProxyIdentity } from '../ir/table.ts';
import { sourceText } from '../manifest/files.ts';
import { pipelineOf } from '../pipeline/testing.ts';
import { routingTable } from '../translate/table.ts';
import { ServedMesh } from './served-mesh.ts';

async function read(files: Readonly<Record<string, string>>, meshConfig?: string) {
  return pipelineOf(
    Object.entries(files).map(([name, text]) => sourceText(name, text)),
    { meshConfigSource: meshConfig === undefined ? undefined : sourceText('config.yaml', meshConfig) },
  );
}

const proxy: ProxyIdentity = {
  role: 'sidecar',
  namespace: 'shop',
  name: 'client',
  labels: { app: 'client' },
  serviceAccount: 'default',
  locality: { region: '', zone: '', subzone: '' },
  addresses: [],
};

const names = ['a', 'b', 'c'] as const;
const service = (name: string, port: number): string =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name}, namespace: shop }\nspec: { ports: [{ name: http, port: ${port} }] }\n`;
const routes = (name: string, to: string, timeout: number): string =>
  `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: ${name}, namespace: shop }\nspec: { hosts: [${to}, ${name}.example], http: [{ timeout: ${timeout}s, route: [{ destination: { host: ${name} } }] }] }\n`;
const rule = (name: string, most: number): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: ${name}, namespace: shop }\nspec: { host: a, trafficPolicy: { connectionPool: { tcp: { maxConnections: ${most} } } } }\n`;
const sidecar = (host: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: { name: client, namespace: shop }\nspec: { egress: [{ hosts: ['./${host}'] }] }\n`;

const some = fc.constantFrom(...names);
const document = fc.oneof(
  fc.tuple(some, fc.constantFrom(80, 81)).map(([name, port]) => service(name, port)),
  fc.tuple(some, some, fc.integer({ min: 1, max: 2 })).map(([name, to, timeout]) => routes(name, to, timeout)),
  fc.tuple(some, fc.integer({ min: 1, max: 2 })).map(([name, most]) => rule(name, most)),
  fc.constantFrom('*', 'a.shop.svc.cluster.local').map(sidecar),
);
/** In any order, in two files. */
const version = fc.record({ one: fc.array(document, { maxLength: 5 }), two: fc.array(document, { maxLength: 5 }), registryOnly: fc.boolean() });

it('after any changes the table is the one that a new start would make', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(version, { minLength: 2, maxLength: 4 }), async (versions) => {
      const served = new ServedMesh();
      for (const { one, two, registryOnly } of versions) {
        const files = { 'one.yaml': one.join('---\n'), 'two.yaml': two.join('---\n') };
        const config = registryOnly ? 'outboundTrafficPolicy: { mode: REGISTRY_ONLY }' : undefined;
        served.take(await read(files, config));
        const { mesh } = await read(files, config);
        expect(routingTable(served.mesh, proxy)).toEqual(routingTable(mesh, proxy));
      }
    }),
    { numRuns: 60 },
  );
});

it('counts what has changed, and keeps the mesh when nothing has', async () => {
  const served = new ServedMesh();
  const first = { 'one.yaml': `${service('a', 80)}---\n${rule('a', 1)}` };
  expect(served.take(await read(first))).toBe(2);
  const { mesh } = served;
  expect(served.take(await read({ 'two.yaml': `# the same\n${first['one.yaml']}` }))).toBe(0);
  expect(served.mesh).toBe(mesh);
  // Places are those of the last reading.
  expect(served.source.find('Service', 'shop', 'a')?.document?.source.name).toBe('two.yaml');
  expect(served.take(await read(first, 'outboundTrafficPolicy: { mode: REGISTRY_ONLY }'))).toBe(1);
  expect(served.mesh.meshConfig.outboundTrafficPolicy).toEqual({ mode: 'REGISTRY_ONLY' });
  expect(served.take(await read({ 'one.yaml': rule('a', 2) }, 'outboundTrafficPolicy: { mode: REGISTRY_ONLY }'))).toBe(2);
  expect(served.size).toBe(1);
});

it('an unchanged resource is the same object', async () => {
  const served = new ServedMesh();
  served.take(await read({ 'one.yaml': `${service('a', 80)}---\n${service('b', 80)}` }));
  const before = served.mesh;
  served.take(await read({ 'one.yaml': `${service('a', 81)}---\n${service('b', 80)}` }));
  const same = (name: string): boolean => served.mesh.find('Service', 'shop', name) === before.find('Service', 'shop', name);
  expect([same('a'), same('b')]).toEqual([false, true]);
});

it('there is no mesh before the first reading', () => {
  expect(() => new ServedMesh().mesh).toThrow('no mesh was taken yet');
});
