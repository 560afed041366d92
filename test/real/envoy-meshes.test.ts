// Whatever mesh a cluster takes, Envoy takes what is made of it.
import { writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { dump, loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { staticBootstrap } from '../../src/envoy/bootstrap.ts';
import { configurationOf } from '../../src/envoy/configuration.ts';
import { nodeOf } from '../../src/envoy/node.ts';
import { staticResources } from '../../src/envoy/static.ts';
import type { ProxyIdentity } from '../../src/ir/table.ts';
import type { SourceText } from '../../src/manifest/resource.ts';
import type { Mesh } from '../../src/model/mesh.ts';
import { proxyIn } from '../../src/translate/clusters/testing.ts';
import { routingTable } from '../../src/translate/table.ts';
import { meshObjects, type RandomObject } from '../envoy/mesh-arbitrary.ts';
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
