import { describe, expect, it } from 'vitest';
import type { CorsPolicy, FaultPolicy, HashPolicy, HeaderPolicy, RetryPolicy } from '../../ir/route.ts';
import { corsConfig } from './cors.ts';
import { faultConfig } from './fault.ts';
import { hashPolicy } from './hash-policy.ts';
import { headerMutations } from './header-mutations.ts';
import { retryPolicy } from './retry.ts';

describe('header operations', () => {
  const of = (request: Partial<HeaderPolicy['request']>, response: Partial<HeaderPolicy['response']> = {}): HeaderPolicy => ({
    request: { remove: [], add: [], ...request },
    response: { remove: [], add: [], ...response },
  });
  const set = (name: string, value = '1'): { name: string; value: string; set: boolean } => ({ name, value, set: true });

  it('MAP-R36: of both directions', () => {
    expect(
      headerMutations(of({ remove: ['r'], add: [set('a'), { name: 'b', value: '%PROTOCOL%', set: false }] }, { remove: ['server'], add: [set('c')] })),
    ).toEqual({
      request_headers_to_add: [
        { header: { key: 'a', value: '1' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
        { header: { key: 'b', value: '%PROTOCOL%' } },
      ],
      request_headers_to_remove: ['r'],
      response_headers_to_add: [{ header: { key: 'c', value: '1' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
      response_headers_to_remove: ['server'],
    });
  });

  it('RT-R32: of several levels, one behind the other', () => {
    expect(headerMutations(of({ remove: ['r'], add: [set('a', '1')] }), undefined, of({ remove: ['q', 'r'], add: [set('a', '2')] }))).toEqual({
      request_headers_to_add: ['1', '2'].map((value) => ({ header: { key: 'a', value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' })),
      request_headers_to_remove: ['r', 'q'],
    });
  });

  it.each(['host', ':path', ''])('RT-R34: %j cannot be changed', (name) => {
    expect(headerMutations(of({ remove: [name], add: [set(name)] }, { remove: [name], add: [set(name)] }))).toEqual({});
  });

  it.each(['content-length', 'transfer-encoding', 'connection', 'upgrade', 'keep-alive', 'proxy-connection'])(
    '%s is not written, but can be removed',
    (name) => {
      expect(headerMutations(of({ remove: [name], add: [set(name)] }))).toEqual({ request_headers_to_remove: [name] });
    },
  );
});

describe('retries', () => {
  const policy: RetryPolicy = {
    on: ['connect-failure', 'retriable-status-codes'],
    statusCodes: [503],
    attempts: 2,
    backoffBaseMs: 25,
    backoffMaxMs: 250,
    previousHosts: false,
    hostSelectionAttempts: 1,
    previousPriorities: false,
  };
  const usual = { retry_on: 'connect-failure,retriable-status-codes', num_retries: 2, retriable_status_codes: [503] };

  it.each<[Partial<RetryPolicy>, object]>([
    [{}, usual],
    [
      { attempts: 0, statusCodes: [] },
      { retry_on: usual.retry_on, num_retries: 0 },
    ],
    [{ perTryTimeoutMs: 400 }, { ...usual, per_try_timeout: '0.4s' }],
    [{ hostSelectionAttempts: 5 }, { ...usual, host_selection_retry_max_attempts: '5' }],
    [
      { backoffBaseMs: 50, backoffMaxMs: 500 },
      { ...usual, retry_back_off: { base_interval: '0.05s' } },
    ],
    [
      { backoffBaseMs: 50, backoffMaxMs: 100 },
      { ...usual, retry_back_off: { base_interval: '0.05s', max_interval: '0.1s' } },
    ],
    // Envoy refuses a longest interval below the base, and a base of nothing.
    [
      { backoffBaseMs: 50, backoffMaxMs: 10 },
      { ...usual, retry_back_off: { base_interval: '0.05s', max_interval: '0.05s' } },
    ],
    [
      { backoffBaseMs: 0, backoffMaxMs: 0 },
      { ...usual, retry_back_off: { base_interval: '0.000001s' } },
    ],
  ])('MAP-R29: %j', (more, expected) => expect(retryPolicy({ ...policy, ...more })).toEqual(expected));

  it('RT-R73, RT-R74: hosts and priorities that were tried are avoided', () => {
    expect(retryPolicy({ ...policy, previousHosts: true, previousPriorities: true })).toMatchObject({
      retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts' }],
      retry_priority: { name: 'envoy.retry_priorities.previous_priorities', typed_config: { update_frequency: 2 } },
    });
  });
});

it.each<[FaultPolicy, object]>([
  [{ delay: { durationMs: 2000, share: 1000 } }, { delay: { fixed_delay: '2s', percentage: { numerator: 1000, denominator: 'MILLION' } } }],
  // Envoy refuses a delay of nothing.
  [{ delay: { durationMs: 0, share: 1000 } }, {}],
  [{ abort: { share: 5, httpStatus: 418 } }, { abort: { http_status: 418, percentage: { numerator: 5, denominator: 'MILLION' } } }],
  [{ abort: { share: 5, grpcStatus: 0 } }, { abort: { grpc_status: 0, percentage: { numerator: 5, denominator: 'MILLION' } } }],
])('MAP-R37: fault %j', (fault, expected) => {
  expect(faultConfig(fault)).toEqual({ '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault', ...expected });
});

describe('CORS', () => {
  const none: CorsPolicy = {
    allowOrigins: [],
    allowMethods: '',
    allowHeaders: '',
    exposeHeaders: '',
    allowCredentials: false,
    forwardUnmatchedPreflights: true,
  };
  const usual = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
    allow_origin_string_match: [],
    filter_enabled: { default_value: { numerator: 100 } },
    forward_not_matching_preflights: true,
  };

  it.each<[Partial<CorsPolicy>, object]>([
    [{}, {}],
    [
      {
        allowOrigins: [
          { kind: 'exact', value: '*' },
          { kind: 'prefix', value: '' },
        ],
      },
      { allow_origin_string_match: [{ exact: '*' }, { safe_regex: { regex: '(?s).*' } }] },
    ],
    [
      { allowMethods: 'GET', allowHeaders: 'x', exposeHeaders: 'y', maxAgeSeconds: 0, allowCredentials: true },
      { allow_methods: 'GET', allow_headers: 'x', expose_headers: 'y', max_age: '0', allow_credentials: true },
    ],
    [{ forwardUnmatchedPreflights: false }, { forward_not_matching_preflights: false }],
  ])('MAP-R38: %j', (more, expected) => expect(corsConfig({ ...none, ...more })).toEqual({ ...usual, ...expected }));
});

it.each<[HashPolicy, object]>([
  [{ kind: 'header', name: 'x-user' }, { header: { header_name: 'x-user' } }],
  [{ kind: 'source-ip' }, { connection_properties: { source_ip: true } }],
  [{ kind: 'query', name: 'q' }, { query_parameter: { name: 'q' } }],
  [{ kind: 'cookie', name: 'c', path: '' }, { cookie: { name: 'c' } }],
  [{ kind: 'cookie', name: 'c', path: '/p', ttlMs: 0 }, { cookie: { name: 'c', path: '/p', ttl: '0s' } }],
  [
    { kind: 'cookie', name: 'c', path: '', ttlMs: 10_000, attributes: [{ name: 'SameSite', value: 'Lax' }] },
    { cookie: { name: 'c', ttl: '10s', attributes: [{ name: 'SameSite', value: 'Lax' }] } },
  ],
])('MAP-R39, DR-R32: hash of %j', (policy, expected) => expect(hashPolicy(policy)).toEqual(expected));
