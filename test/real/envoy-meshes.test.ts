// Whatever mesh a cluster takes, Envoy takes what is made of it.
import { writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { dump, loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { meshOf } from '../../src/analysis/testing.ts';
import { staticBootstrap } from '../../src/envoy/bootstrap.ts';
import { configurationOf } from '../../src/envoy/configuration.ts';
import { nodeOf } from '../../src/envoy/node.ts';
import { staticResources } from '../../src/envoy/static.ts';
import type { ProxyIdentity } from '../../src/ir/table.ts';
import type { SourceText } from '../../src/manifest/resource.ts';
import type { Mesh } from '../../src/model/mesh.ts';
import { proxyIn } from '../../src/translate/clusters/testing.ts';
import { extensionProviders } from '../../src/translate/security/testing.ts';
import { routingTable } from '../../src/translate/table.ts';
import { meshObjects, policies, type RandomObject } from '../envoy/mesh-arbitrary.ts';
import { validMesh } from '../envoy/valid-mesh.ts';
import { refusal } from '../envoy/validate.ts';
import { meshes, meshIn } from '../meshes.ts';
import { envoyProgram } from './envoy.ts';

const program = envoyProgram();
const count = Number(process.env.MESHES ?? 2000);
const seed = Number(process.env.SEED ?? 20_251);

const read = (sources: readonly SourceText[]): RandomObject[] => sources.flatMap(({ text }) => loadAll(text) as RandomObject[]).filter(Boolean);
const steps = meshIn('fixtures/payment-steps').map((step): [string, RandomObject[]] => [step.name, read([...meshIn('fixtures/payment'), step])]);
const fixtures: [string, RandomObject[]][] = [...meshes.map((sources): [string, RandomObject[]] => [sources[0]?.name ?? '', read(sources)]), ...steps];

const proxies: readonly ProxyIdentity[] = [
  proxyIn('shop', { labels: { app: 'cart' }, addresses: ['10.1.0.1'], name: 'pod-0', locality: 'r1/z1' }),
  proxyIn('ops', { labels: { app: 'admin' }, addresses: ['10.9.0.1'], name: 'admin' }),
  proxyIn('edge', { role: 'gateway', labels: { istio: 'ingress' }, addresses: ['10.0.0.9'], name: 'ingress' }),
];

const together = 10;

function renamed(object: RandomObject, name: string): RandomObject {
  return { ...object, metadata: { ...object.metadata, name } };
}

/** Something that policies can be for, and services that can be asked. */
const guarded = `apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {clusterIP: 10.96.0.1, selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp, port: 81, targetPort: 9090}, {name: any, port: 82}]}
---
apiVersion: v1
kind: Service
metadata: {name: pay, namespace: shop}
spec: {clusterIP: 10.96.0.2, ports: [{name: grpc, port: 90}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: edge}
spec: {selector: {istio: ingress}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}, {port: {number: 90, name: tcp, protocol: TCP}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: public, namespace: edge}
spec: {hosts: ['*'], gateways: [public], tcp: [{match: [{port: 90}], route: [{destination: {host: cart.shop.svc.cluster.local, port: {number: 81}}}]}]}
`;
const providersMesh = { extensionProviders: extensionProviders('cart.shop.svc.cluster.local', 'pay.shop.svc.cluster.local') };

/** What Envoy has against one mesh, for one proxy; undefined: nothing. */
async function problemOf(mesh: Mesh, proxy: ProxyIdentity, envoy: string): Promise<string | undefined> {
  const options = { meshTls: 'none', isReadable: () => false } as const;
  const { resources } = configurationOf(routingTable(mesh, proxy), options);
  return refusal(envoy, staticBootstrap(staticResources(resources), { node: nodeOf({ identity: proxy, options }), admin: undefined }));
}

describe.skipIf(program === undefined)('Envoy', () => {
  it.each(fixtures)('takes what is made of %s', async (_, objects) => {
    const { mesh } = await validMesh(objects);
    for (const proxy of [...proxies, proxyIn('payment', { addresses: ['10.1.0.1'], name: 'client' })]) {
      expect(await problemOf(mesh, proxy, program as string)).toBeUndefined();
    }
  });

  it('takes what is made of policies that no cluster would take', { timeout: 300_000 }, async () => {
    const sample = fc.sample(policies, { numRuns: Math.min(count, 400), seed });
    const refused: string[] = [];
    for (let i = 0; i < sample.length; i += together) {
      // Those of many meshes at once: each has names of its own.
      const objects = sample.slice(i, i + together).flatMap((list, n) => list.map((one) => renamed(one, `${one.metadata.name}-${n}`)));
      const mesh = meshOf([guarded, ...objects.map((object) => dump(object))].join('---\n'), { meshConfig: providersMesh });
      for (const proxy of proxies) {
        const problem = await problemOf(mesh, proxy, program as string);
        if (problem !== undefined) refused.push(`policies from ${i} on, for ${proxy.name}: ${problem}`);
      }
    }
    expect(refused).toEqual([]);
  });

  it(`takes what is made of ${count} random meshes`, { timeout: 900_000 }, async () => {
    const sample = fc.sample(meshObjects, { numRuns: count, seed });
    const refused: string[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < sample.length && refused.length < 10) {
        const i = next++;
        const { mesh, objects } = await validMesh(sample[i] as RandomObject[]);
        const problem = await problemOf(mesh, proxies[i % proxies.length] as ProxyIdentity, program as string);
        if (problem === undefined) continue;
        const file = join(tmpdir(), `weft-mesh-${seed}-${i}.yaml`);
        writeFileSync(file, objects.map((object) => dump(object)).join('---\n'));
        refused.push(`mesh ${i} (${file}): ${problem}`);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
    expect(refused).toEqual([]);
  });
});
