import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import type { About, DistributionAnswer, DistributionRequest } from './control-plane-api.ts';
import { ControlPlaneClient } from './control-plane-client.ts';
import { controlPlane } from './control-plane-server.ts';

const about: About = { program: 'weft controller', version: '1.2.3', revision: 'default', identity: 'pod-1', startedAt: '2026-01-01T00:00:00.000Z' };
const request: DistributionRequest = { for: 'distribution', kind: 'VirtualService', namespace: 'shop', name: 'cart', resourceVersion: '7' };

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

async function serving(distribution?: (request: DistributionRequest) => Promise<DistributionAnswer>): Promise<ControlPlaneClient> {
  const server = new Server();
  const { definition, handlers } = controlPlane({ about: () => about, distribution: distribution ?? (() => Promise.reject(new Error('it is broken'))) });
  if (distribution) server.addService(definition, handlers);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  const client = new ControlPlaneClient(`127.0.0.1:${port}`);
  opened.push(client, { close: () => server.forceShutdown() });
  return client;
}

describe('a control plane', () => {
  it('says who it is, and answers what it is asked', async () => {
    const answer: DistributionAnswer = {
      about,
      resource: { state: 'served', resourceVersion: '9' },
      proxies: [{ key: 'shop/a', name: 'a', namespace: 'shop', id: 'x', program: 'weft/1', state: 'acknowledged' }],
    };
    const asked: DistributionRequest[] = [];
    const client = await serving(async (one) => {
      asked.push(one);
      return answer;
    });
    expect(await client.about(5_000)).toEqual(about);
    expect(await client.distribution(request, 5_000)).toEqual(answer);
    expect(asked).toEqual([request]);
  });

  it('says what is wrong with a request', async () => {
    const client = await serving(async () => {
      throw new Error('not reached');
    });
    await expect(client.distribution({ ...request, kind: '' }, 5_000)).rejects.toThrow(/does not answer: kind, namespace and name are texts/);
    await expect(client.distribution({ ...request, name: 'x'.repeat(20_000) }, 5_000)).rejects.toThrow(/no more than 16384 bytes/);
  });

  it('that cannot answer says why', async () => {
    const client = await serving(() => Promise.reject(new Error('the cluster is away')));
    await expect(client.distribution(request, 5_000)).rejects.toThrow(/^127\.0\.0\.1:\d+ does not answer: the cluster is away$/);
  });

  it('of somebody else does not know the question', async () => {
    await expect((await serving()).about(5_000)).rejects.toThrow(/is no control plane of weft, or one of an older version/);
  });

  it('that is not there is named', async () => {
    const client = new ControlPlaneClient('127.0.0.1:1');
    opened.push(client);
    await expect(client.about(5_000)).rejects.toThrow('127.0.0.1:1 does not answer: connect ECONNREFUSED 127.0.0.1:1');
  });
});
