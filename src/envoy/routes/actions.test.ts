import { describe, expect, it } from 'vitest';
import type { DirectAction, RedirectAction, RouteCluster } from '../../ir/route.ts';
import type { PathMatcher } from '../../ir/route-match.ts';
import { forward } from '../../proxy/core/testing.ts';
import { directResponse } from './direct-response.ts';
import { forwardAction } from './forward.ts';
import { redirectAction } from './redirect.ts';

const cluster = (name: string, more: Partial<RouteCluster> = {}): RouteCluster => ({ cluster: name, weight: 1, ...more });

describe('forwarding', () => {
  it('MAP-R26, MAP-R28: to a cluster, with the usual times', () => {
    expect(forwardAction(forward({ clusters: [cluster('c')] }), undefined)).toEqual({ cluster: 'c', timeout: '0s', max_grpc_timeout: '0s' });
  });

  it('MAP-R27: to several, each with its headers and its authority', () => {
    const headers = { request: { remove: ['r'], add: [{ name: 'x', value: '1', set: true }] }, response: { remove: [], add: [] } };
    const { weighted_clusters } = forwardAction(
      forward({ clusters: [cluster('a', { weight: 2, headers, authority: 'h' }), cluster('b', { weight: 8 })] }),
      undefined,
    );
    expect(weighted_clusters).toEqual({
      clusters: [
        {
          name: 'a',
          weight: 2,
          request_headers_to_add: [{ header: { key: 'x', value: '1' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
          request_headers_to_remove: ['r'],
          host_rewrite_literal: 'h',
        },
        { name: 'b', weight: 8 },
      ],
    });
  });

  it.each([
    [
      [1, 3],
      [1, 3],
    ],
    // None: the first gets everything.
    [
      [0, 0],
      [1, 0],
    ],
    [
      [2_147_483_647, 0],
      [2_147_483_647, 0],
    ],
  ])('RT-R2: weights %j are %j', (weights, expected) => expect(weightsOf(weights)).toEqual(expected));

  it('RT-R2: weights with a sum that Envoy refuses keep their proportions', () => {
    const made = weightsOf([2_147_483_647, 2_147_483_647, 1, 1_073_741_823]);
    const sum = made.reduce((total, weight) => total + weight, 0);
    expect(sum).toBeLessThanOrEqual(4_294_967_295);
    expect(made.map((weight) => Math.round((weight / sum) * 1000))).toEqual([400, 400, 0, 200]);
    expect(made[2]).toBe(1);
  });

  it.each([
    [{ authority: 'h' }, { host_rewrite_literal: 'h' }],
    [
      { authority: 'h', appendForwardedHost: true },
      { host_rewrite_literal: 'h', append_x_forwarded_host: true },
    ],
    [{ appendForwardedHost: true }, {}],
    [{ clusters: [cluster('c', { authority: 'd' })] }, { host_rewrite_literal: 'd' }],
    [{ clusters: [cluster('c', { authority: 'd' })], authority: 'h' }, { host_rewrite_literal: 'h' }],
  ])('RT-R14, MAP-R32: authority of %j', (action, expected) => {
    const { cluster: _, timeout: _t, max_grpc_timeout: _g, ...rest } = forwardAction(forward({ clusters: [cluster('c')], ...action }), undefined);
    expect(rest).toEqual(expected);
  });

  it.each([
    [
      { timeoutMs: 1500, maxGrpcTimeoutMs: 1500 },
      { timeout: '1.5s', max_grpc_timeout: '1.5s' },
    ],
    [{ maxGrpcTimeoutMs: undefined }, { timeout: '0s' }],
    // MAP-R66
    [
      { maxGrpcTimeoutMs: undefined, maxStreamDurationFromGrpcTimeout: true },
      { timeout: '0s', max_stream_duration: { max_stream_duration: '0s', grpc_timeout_header_max: '0s' } },
    ],
  ])('MAP-R28: times of %j', ({ maxGrpcTimeoutMs, ...more }, expected) => {
    const { maxGrpcTimeoutMs: _, ...action } = forward({ clusters: [cluster('c')], ...more });
    const made = forwardAction({ ...action, ...(maxGrpcTimeoutMs === undefined ? {} : { maxGrpcTimeoutMs }) }, undefined);
    expect(made).toEqual({ cluster: 'c', ...expected });
  });

  it('SEL-R83: a missing cluster of the Gateway API is 500', () => {
    expect(forwardAction(forward({ missingClusterStatus: 500 }), undefined)).toMatchObject({ cluster_not_found_response_code: 'INTERNAL_SERVER_ERROR' });
    expect(forwardAction(forward(), undefined)).not.toHaveProperty('cluster_not_found_response_code');
  });

  it('MAP-R33: mirrors', () => {
    expect(forwardAction(forward({ mirrors: [{ cluster: 'm', share: 123_456 }] }), undefined).request_mirror_policies).toEqual([
      {
        cluster: 'm',
        runtime_fraction: { default_value: { numerator: 123_456, denominator: 'MILLION' } },
        trace_sampled: false,
        disable_shadow_host_suffix_append: true,
      },
    ]);
  });

  it('has everything else', () => {
    const action = forward({ rewrite: { kind: 'prefix', value: '/n' }, hash: [{ kind: 'source-ip' }] });
    expect(forwardAction(action, undefined)).toMatchObject({ prefix_rewrite: '/n', hash_policy: [{ connection_properties: { source_ip: true } }] });
  });
});

function weightsOf(weights: readonly number[]): number[] {
  const { weighted_clusters } = forwardAction(forward({ clusters: weights.map((weight) => cluster('c', { weight })) }), undefined);
  return (weighted_clusters as { clusters: { weight: number }[] }).clusters.map(({ weight }) => weight);
}

describe('redirects', () => {
  const redirect = (more: Partial<RedirectAction>, match?: PathMatcher): object => redirectAction({ kind: 'redirect', status: 301, ...more }, match);

  it.each<[Partial<RedirectAction>, object]>([
    [{}, {}],
    [{ status: 302 }, { response_code: 'FOUND' }],
    [{ status: 303 }, { response_code: 'SEE_OTHER' }],
    [{ status: 307 }, { response_code: 'TEMPORARY_REDIRECT' }],
    [{ status: 308 }, { response_code: 'PERMANENT_REDIRECT' }],
    [
      { scheme: 'https', host: 'h', port: 8443, path: '/n?x' },
      { scheme_redirect: 'https', host_redirect: 'h', port_redirect: 8443, path_redirect: '/n?x' },
    ],
    [{ scheme: '', host: '', port: 0, path: '' }, {}],
    [{ regex: { pattern: 'a', substitution: '\\0' } }, { regex_rewrite: { pattern: { regex: 'a' }, substitution: '\\0' } }],
    [{ prefix: '/n' }, { prefix_rewrite: '/n' }],
  ])('MAP-R34: %j', (action, expected) => expect(redirect(action)).toEqual(expected));

  it('SEL-R83: a prefix of whole segments goes away without two slashes', () => {
    const segments: PathMatcher = { kind: 'segments', value: '/a' };
    expect(redirect({ prefix: '/' }, segments)).toEqual({ regex_rewrite: { pattern: { regex: '^/a(/?)(.*)' }, substitution: '/\\2' } });
  });
});

it.each<[Partial<DirectAction>, object]>([
  [{ status: 200 }, { status: 200 }],
  [
    { status: 418, body: 'oops' },
    { status: 418, body: { inline_string: 'oops' } },
  ],
  [
    { status: 200, body: 'AAE=', binary: true },
    { status: 200, body: { inline_bytes: 'AAE=' } },
  ],
  // The body ends where the base64 does, padded or not.
  [
    { status: 200, body: '_wA', binary: true },
    { status: 200, body: { inline_bytes: '/wA=' } },
  ],
  // Responses without a body.
  [{ status: 204, body: 'x' }, { status: 204 }],
  [{ status: 304, body: 'x' }, { status: 304 }],
])('MAP-R35, RT-R19: %j', (action, expected) => expect(directResponse({ kind: 'direct', status: 200, body: '', ...action })).toEqual(expected));
