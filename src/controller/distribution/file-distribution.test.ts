import { expect, it } from 'vitest';
import type { DistributionRequest } from '../../envoy/xds/control-plane-api.ts';
import { sourceText } from '../../manifest/files.ts';
import { pipelineOf } from '../../pipeline/testing.ts';
import { ServedMesh } from '../served-mesh.ts';
import { FileDistribution } from './file-distribution.ts';

async function read(text: string) {
  return pipelineOf([sourceText('mesh.yaml', text)]);
}

const rule = (name: string, most: number): string => `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${name}, namespace: shop }
spec: { host: ${name}, trafficPolicy: { connectionPool: { tcp: { maxConnections: ${most} } } } }
`;

/** A server of files, as `weft xds serve` is one. */
class Server {
  readonly served = new ServedMesh();
  text = '';
  problems: string[] = [];
  generation = 0;
  private readonly distribution = new FileDistribution({
    about: { program: 'weft xds serve', version: '1', identity: 'me', startedAt: '2026-01-01T00:00:00.000Z' },
    served: this.served,
    streams: () => [],
    look: async () => {
      if (this.problems.length === 0) await this.take();
      return this.problems;
    },
  });

  async take(): Promise<void> {
    const isFirst = this.generation === 0 && this.served.size === 0;
    if (this.served.take(await read(this.text)) === 0 || isFirst) return;
    this.generation++;
    this.served.versions.committed(this.generation);
  }

  async ask(name: string, more: Partial<DistributionRequest> = {}): Promise<string> {
    const { resource } = await this.distribution.distribution({ for: 'distribution', kind: 'DestinationRule', namespace: 'shop', name, ...more });
    return [resource.state, resource.resourceVersion, ...(resource.reasons ?? [])].filter((part) => part !== undefined).join(' ');
  }
}

it('the version of a resource is the reading that has changed it last', async () => {
  const server = new Server();
  server.text = [rule('a', 1), rule('b', 1)].join('---\n');
  await server.take();
  expect([await server.ask('a'), await server.ask('c')]).toEqual(['served 1', 'absent']);
  server.text = [rule('a', 2), rule('b', 1)].join('---\n');
  // Nobody has looked.
  expect(await server.ask('a')).toBe('served 1');
  expect([await server.ask('a', { newest: true }), await server.ask('b')]).toEqual(['served 2', 'served 1']);
  expect([await server.ask('a', { resourceVersion: '2' }), await server.ask('a', { resourceVersion: '3' })]).toEqual(['served 2', 'unseen 2']);
  expect(server.served.versions.generationOf('DestinationRule shop/a')).toBe(1);
  expect(server.served.versions.generationOf('DestinationRule shop/b')).toBe(0);
  server.text = rule('b', 1);
  expect([await server.ask('a', { for: 'delete' }), await server.ask('a', { for: 'delete', newest: true })]).toEqual(['present 2', 'served']);
  expect(server.served.versions.generationOf('DestinationRule shop/a')).toBe(2);
});

it('broken files are said to whoever asks for what is newest', async () => {
  const server = new Server();
  server.text = rule('a', 1);
  await server.take();
  server.problems = ['mesh.yaml:3: no'];
  expect([await server.ask('a', { newest: true }), await server.ask('a')]).toEqual(['invalid mesh.yaml:3: no', 'served 1']);
});

it('nobody waits for what users do not write for the mesh', async () => {
  const server = new Server();
  server.text = rule('a', 1);
  await server.take();
  expect(await server.ask('a', { kind: 'Service' })).toBe('unwatched');
});
