import { describe, expect, it } from 'vitest';
import type { Observation, RoutingCase } from '../corpus.ts';
import { layOut } from '../layout.ts';
import { compareCase } from './compare.ts';

const cluster = 'outbound|8080||reviews.shop.svc.cluster.local';
const ofSubset = 'outbound|8080|v1|reviews.shop.svc.cluster.local';

const rule = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec:
  host: reviews
  subsets: [{name: v1, labels: {version: v1}}]
`;

function caseWith(change: Partial<RoutingCase>): RoutingCase {
  return {
    id: 'case',
    topic: '',
    title: '',
    role: 'outbound',
    client: {},
    proxy: {},
    mesh: {},
    services: [{ host: 'reviews.shop.svc.cluster.local', namespace: 'shop', ports: [{ name: 'http', number: 8080, protocol: 'HTTP' }] }],
    endpoints: {
      'reviews.shop.svc.cluster.local': [
        { identity: 'a', labels: { version: 'v1' } },
        { identity: 'b', labels: { version: 'v1' } },
        { identity: 'c', labels: { version: 'v2' } },
      ],
    },
    manifests: rule,
    steps: [{ request: { host: 'reviews', path: '/' } }],
    observed: [],
    rejected: undefined,
    varies: new Set(),
    folder: '.',
    ...change,
  };
}

function single(change: Observation = {}): Observation {
  const identity = String(change.served_by ?? 'a');
  return {
    status: 200,
    served_by: identity,
    response_headers: [
      ['content-type', 'application/json'],
      ['content-length', '<len>'],
    ],
    response_flags: '-',
    response_code_details: 'via_upstream',
    upstream_cluster: cluster,
    route_name: 'default',
    attempts: 1,
    upstream: [{ identity, method: 'GET', path: '/', authority: 'reviews', headers: [['x-forwarded-proto', 'http']] }],
    ...change,
  };
}

function differences(expected: Observation, actual: Observation, change: Partial<RoutingCase> = {}): string[] {
  const routingCase = caseWith({ observed: [expected], ...change });
  return compareCase(routingCase, layOut(routingCase), [actual]).map(({ what }) => what);
}

describe('a single request', () => {
  it('is as recorded', () => {
    expect(differences(single(), single())).toEqual([]);
  });

  it.each<[string, Observation]>([
    ['another status', { status: 503 }],
    ['another flag', { response_flags: 'UF' }],
    ['another cluster', { upstream_cluster: ofSubset }],
    ['another number of attempts', { attempts: 2 }],
    ['a header less', { response_headers: [['content-type', 'application/json']] }],
    [
      'headers in another order',
      {
        response_headers: [
          ['content-length', '<len>'],
          ['content-type', 'application/json'],
        ],
      },
    ],
    ['no request at the service', { upstream: [] }],
    ['a request too many', { upstream: [...(single().upstream as object[]), ...(single().upstream as object[])] }],
    ['a mirrored request that was not recorded', { mirrored: single().upstream }],
    ['an error', { error: 'truncated-body' }],
    ['no log', { no_access_log: true }],
  ])('differs by %s', (_, change) => {
    expect(differences(single(), single(change))).not.toEqual([]);
  });

  it('may be answered by another endpoint of the cluster', () => {
    expect(differences(single(), single({ served_by: 'c' }))).toEqual([]);
  });

  it('may not be answered by an endpoint of another subset', () => {
    expect(differences(single({ upstream_cluster: ofSubset }), single({ upstream_cluster: ofSubset, served_by: 'b' }))).toEqual([]);
    expect(differences(single({ upstream_cluster: ofSubset }), single({ upstream_cluster: ofSubset, served_by: 'c' }))).toHaveLength(2);
  });

  it('takes the neighbours of a bucket', () => {
    const took = (elapsed_bucket: string): Observation => single({ elapsed_bucket });
    expect(differences(took('300-600ms'), took('150-300ms'))).toEqual([]);
    expect(differences(took('300-600ms'), took('600-1200ms'))).toEqual([]);
    expect(differences(took('300-600ms'), took('50-150ms'))).toHaveLength(1);
  });

  it('has a remaining time that is about the same, on later attempts only', () => {
    const attempt = (ms: string): object => ({ identity: 'a', headers: [['x-envoy-expected-rq-timeout-ms', ms]] });
    expect(differences(single({ upstream: [attempt('400'), attempt('360')] }), single({ upstream: [attempt('400'), attempt('350')] }))).toEqual([]);
    expect(differences(single({ upstream: [attempt('400')] }), single({ upstream: [attempt('390')] }))).toHaveLength(1);
  });
});

describe('repeated requests', () => {
  const steps = [{ request: { host: 'reviews', path: '/' }, repeat: 2 }];

  function many(served: Record<string, number>, change: Observation = {}): Observation {
    const count = Object.values(served).reduce((sum, n) => sum + n, 0);
    return {
      count,
      status_counts: { 200: count },
      served_by_counts: served,
      response_flags_counts: { '-': count },
      response_code_details_counts: { via_upstream: count },
      upstream_cluster_counts: { [cluster]: count },
      attempts_counts: { 1: count },
      upstream_request_counts: served,
      ...change,
    };
  }

  it.each([
    ['an even choice', { a: 335, b: 330, c: 335 }, { a: 300, b: 350, c: 350 }, 0],
    ['a choice that is not even', { a: 335, b: 330, c: 335 }, { a: 100, b: 450, c: 450 }, 2],
    ['an endpoint that never answers', { a: 335, b: 330, c: 335 }, { a: 500, b: 500 }, 2],
    ['always the same', { a: 100 }, { a: 100 }, 0],
    ['not always the same', { a: 100 }, { a: 99, c: 1 }, 2],
    ['another of the same kind', { a: 24 }, { b: 24 }, 0],
    ['another of another kind', { a: 24 }, { c: 24 }, 2],
  ])('%s', (_, expected, actual, found) => {
    expect(differences(many(expected), many(actual), { steps })).toHaveLength(found);
  });

  it('keeps a key at an endpoint, whichever', () => {
    const hashes = `${rule}  trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x}}}\n`;
    expect(differences(many({ a: 20 }), many({ c: 20 }), { steps, manifests: hashes })).toEqual([]);
    expect(differences(many({ a: 20 }), many({ a: 19, c: 1 }), { steps, manifests: hashes })).toHaveLength(2);
  });

  it('counts outcomes exactly where nothing is left to chance', () => {
    const overflow = (ok: number): Observation => many({ a: 6 }, { status_counts: { 200: ok, 503: 6 - ok } });
    expect(differences(overflow(2), overflow(3), { steps })).toHaveLength(1);
  });

  it('takes a rotation from any start, and nothing else for it', () => {
    const turn = (order: string): Observation => many({ a: 4, b: 4, c: 4 }, { sequence: [...order].map((one) => `200/${one}/-`) });
    expect(differences(turn('abcabcabcabc'), turn('cabcabcabcab'), { steps })).toEqual([]);
    expect(differences(turn('abcabcabcabc'), turn('acbacbacbacb'), { steps })).toEqual([]);
    expect(differences(turn('abcabcabcabc'), turn('aabbccabcabc'), { steps })).toHaveLength(1);
  });

  it('takes neighbouring buckets one by one', () => {
    const took = (elapsed_bucket_counts: Record<string, number>): Observation => many({ a: 3 }, { elapsed_bucket_counts });
    expect(differences(took({ '300-600ms': 2, '600-1200ms': 1 }), took({ '150-300ms': 1, '300-600ms': 1, '600-1200ms': 1 }), { steps })).toEqual([]);
    expect(differences(took({ '300-600ms': 2, '600-1200ms': 1 }), took({ '50-150ms': 1, '300-600ms': 1, '600-1200ms': 1 }), { steps })).toHaveLength(1);
  });
});

describe('a TCP connection', () => {
  const steps = [{ tcp: { send: ['x'] } }];
  const seen = (identity: string, closed: string | null): Observation => ({
    closed,
    received: `hello ${identity}\n${identity}: x`,
    served_by: identity,
    connection_log: [{ response_flags: '-', upstream_cluster: cluster }],
    upstream: [{ identity, received: 'x', eof: true }],
  });

  it('may be with another endpoint', () => {
    expect(differences(seen('a', null), seen('b', null), { steps })).toEqual([]);
  });

  it('SEC-R30: that is denied at its first byte may have heard the greeting or not; that its bytes go nowhere counts', () => {
    const denied = (heard: boolean, received = ''): Observation => ({
      closed: 'fin',
      received: heard ? 'hello a\n' : '',
      served_by: heard ? 'a' : null,
      connection_log: [
        { response_flags: '-', upstream_cluster: cluster, connection_termination_details: 'rbac_access_denied_matched_policy[ns[shop]-policy[a]-rule[0]]' },
      ],
      upstream: [{ identity: 'a', received, eof: true }],
    });
    expect(differences(denied(true), denied(false), { steps })).toEqual([]);
    expect(differences(denied(false), denied(true), { steps })).toEqual([]);
    expect(differences(denied(true), denied(false, 'x'), { steps })).toHaveLength(1);
  });

  it('is closed by the proxy in one way or the other', () => {
    expect(differences(seen('a', 'fin'), seen('a', 'rst'), { steps })).toEqual([]);
    expect(differences(seen('a', 'fin'), seen('a', null), { steps })).toHaveLength(1);
  });
});
