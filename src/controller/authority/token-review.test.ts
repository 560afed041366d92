import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../kube/client.ts';
import { reviewToken, tokenAudience } from './token-review.ts';

const account = 'system:serviceaccount:shop:cart';

/** An API server that answers every review with this. */
function answering(result: unknown): { client: KubeClient; asked: unknown[] } {
  const asked: unknown[] = [];
  const client = {
    create: async (review: unknown) => {
      asked.push(review);
      if (result instanceof Error) throw result;
      return { status: result };
    },
  } as unknown as KubeClient;
  return { client, asked };
}

const right = { authenticated: true, audiences: [tokenAudience], user: { username: account } };

describe('a token', () => {
  it('is that of its service account, and is asked about for the audience of the mesh', async () => {
    const { client, asked } = answering(right);
    expect(await reviewToken(client, 'text')).toEqual({ namespace: 'shop', serviceAccount: 'cart' });
    expect(asked).toMatchObject([{ kind: 'TokenReview', spec: { token: 'text', audiences: ['istio-ca'] } }]);
  });

  it.each<[string, unknown]>([
    ['of no answer', undefined],
    ['of an answer that is none', 'yes'],
    ['that is not authenticated', { ...right, authenticated: false }],
    ['that is authenticated by a word', { ...right, authenticated: 'true' }],
    ['for other audiences', { ...right, audiences: ['https://kubernetes.default.svc'] }],
    ['for an audience that begins the same', { ...right, audiences: ['istio-ca-2'] }],
    ['of an API server that has not looked at audiences', { ...right, audiences: undefined }],
    ['of an API server that says them as a text', { ...right, audiences: tokenAudience }],
    ['of a person', { ...right, user: { username: 'admin' } }],
    ['of a node', { ...right, user: { username: 'system:node:a' } }],
    ['of nobody', { ...right, user: {} }],
    ['of an account without a namespace', { ...right, user: { username: 'system:serviceaccount::cart' } }],
    ['of an account with more in its name', { ...right, user: { username: `${account}:admin` } }],
    ['of what only begins like one', { ...right, user: { username: `x${account}` } }],
  ])('is refused: %s', async (_, result) => {
    await expect(reviewToken(answering(result).client, 'text')).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });

  it('that is longer than any is not asked about', async () => {
    const { client, asked } = answering(right);
    await expect(reviewToken(client, 'x'.repeat(17_000))).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    expect(asked).toEqual([]);
  });

  it('is good for nothing as long as nobody can be asked', async () => {
    // Where the API server is, is not for somebody who has proven nothing.
    const refusal = { code: status.UNAVAILABLE, message: 'the cluster cannot be asked about the token', detail: 'connect ECONNREFUSED 10.0.0.1:443' };
    await expect(reviewToken(answering(new Error(refusal.detail)).client, 'text')).rejects.toMatchObject(refusal);
  });
});
