import { describe, expect, it } from 'vitest';
import type { HeaderOps, HeaderPolicy, PathRewrite } from '../../ir/route.ts';
import type { PathMatcher } from '../../ir/route-match.ts';
import type { CompiledCluster, CompiledRoute } from './compiled-route.ts';
import { chooseCluster } from './compiled-route.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { mirrorHead } from './mirror.ts';
import { applyRoute, decorate, prepareRetry } from './route-request.ts';
import { anyMatch, compiled, draws, forward, record, route } from './testing.ts';

const first = (of: CompiledRoute): CompiledCluster => of.clusters[0] as CompiledCluster;

/** `1`: x: 1, `2`: y: 2 … as the route is applied to it. */
function applied(of: CompiledRoute, request: ExchangeRecord, cluster = first(of)): string[] {
  applyRoute(request, of, cluster);
  const out: string[] = [];
  for (let i = 0; i < request.headers.length; i += 2) out.push(`${request.headers[i]}: ${request.headers[i + 1]}`);
  return out;
}

const nothing: HeaderOps = { remove: [], add: [] };
function ops(set: Record<string, string> = {}, add: Record<string, string> = {}, remove: string[] = []): HeaderOps {
  const entries = (of: Record<string, string>, set: boolean) => Object.entries(of).map(([name, value]) => ({ name, value, set }));
  return { remove, add: [...entries(set, true), ...entries(add, false)] };
}
const request = (of: HeaderOps): HeaderPolicy => ({ request: of, response: nothing });

function rewritten(path: PathMatcher | undefined, rewrite: PathRewrite, target: string): string {
  const one = record(target);
  applied(compiled(route(forward({ rewrite }), { match: { ...anyMatch, path } })), one);
  return one.path;
}

describe('rewrites', () => {
  const prefix = (value: string): PathMatcher => ({ kind: 'prefix', value });
  it.each<[string, PathMatcher | undefined, string, string, string]>([
    ['RT-R10', prefix('/pfx/'), '/new/', '/pfx/a?b=1', '/new/a?b=1'],
    ['RT-R10', prefix('/px2'), '/', '/px2', '/'],
    ['RT-R10', prefix('/px2'), '/', '/px2/a', '//a'],
    ['RT-R10', prefix('/px2'), '/', '/px2a', '/a'],
    ['RT-R10', { kind: 'prefix', value: '/Px2', ignoreCase: true }, '/n', '/pX2/b', '/n/b'],
    ['RT-R11', { kind: 'exact', value: '/old' }, '/new', '/old?q=1', '/new?q=1'],
    ['RT-R11', { kind: 'regex', value: '/o.*' }, '/new', '/old/x?q=1', '/new?q=1'],
    ['RT-R11', undefined, '/fixed', '/x/y?z=1', '/fixedx/y?z=1'],
    ['RT-R11', undefined, '/fixed', '/', '/fixed'],
    ['SEL-R83', { kind: 'segments', value: '/psp' }, '/', '/psp/a?q', '/a?q'],
    ['SEL-R83', { kind: 'segments', value: '/psp' }, '/', '/psp', '/'],
    ['SEL-R83', { kind: 'segments', value: '/psp' }, '/x', '/psp/a', '/x/a'],
  ])('%s: %j to %s: %s → %s', (_rule, path, value, from, to) => expect(rewritten(path, { kind: 'prefix', value }, from)).toBe(to));

  it('RT-R11: the whole path', () => expect(rewritten(undefined, { kind: 'whole', value: '/all' }, '/x/y?z=1')).toBe('/all?z=1'));

  it.each([
    ['o', '0', '/rg2/foo?o=o', '/rg2/f00?o=o'],
    ['^/service/([^/]+)(/.*)$', '\\2/instance/\\1', '/service/foo/v1/api', '/v1/api/instance/foo'],
    ['^/service/([^/]+)(/.*)$', '\\2/instance/\\1', '/service/foo', '/service/foo'],
    ['^/strip/?', '/', '/strip/a/?x=1', '/a/?x=1'],
    ['b*', '-', '/abc', '-/-a-c-'],
    ['(x)?a', '[\\1\\0\\\\]', '/a', '/[a\\]'],
    // As Envoy 1.40 does it: a group that there is not, other escapes, and a path of which nothing is left.
    ['(x)?a', 'y\\2', '/a', '/a'],
    ['a', 'x\\\\9', '/a', '/x\\9'],
    ['a', 'x\\yz', '/aba', '/xbx'],
    ['a', 'x\\', '/aba', '/xbx'],
    ['/a.*', '', '/a/b?q', '/a/b?q'],
  ])('RT-R12: every match of %s becomes %s: %s → %s', (pattern, substitution, from, to) => {
    expect(rewritten(undefined, { kind: 'regex', pattern, substitution }, from)).toBe(to);
  });

  it('RT-R13: the original path and host are told', () => {
    const one = record('/a?b', ['x-envoy-original-path', '/client']);
    const of = compiled(route(forward({ rewrite: { kind: 'whole', value: '/n' }, authority: 'new.test' })));
    expect(applied(of, one)).toEqual(['x-envoy-original-path: /a?b', 'x-envoy-attempt-count: 1', 'x-envoy-original-host: reviews']);
    expect([one.path, one.pathEnd, one.authority]).toEqual(['/n?b', 2, 'new.test']);
  });

  it.each([
    [[], ['x-forwarded-host: reviews']],
    [['x-forwarded-host', 'a'], ['x-forwarded-host: a,reviews']],
    [['x-forwarded-host', 'a, reviews'], ['x-forwarded-host: a, reviews']],
  ])('RT-R13: x-forwarded-host where it is asked for: %j', (headers, expected) => {
    const of = compiled(route(forward({ authority: 'new.test', appendForwardedHost: true })), false);
    expect(applied(of, record('/', headers))).toEqual([...expected, 'x-envoy-original-host: reviews']);
  });

  it('RT-R14: the authority of a route beats that of its destination; that of a weighted one is not told', () => {
    const clusters = [
      { cluster: 'a', weight: 1, authority: 'a.test' },
      { cluster: 'b', weight: 1 },
    ];
    const own = record();
    expect(applied(compiled(route(forward({ clusters })), false), own)).toEqual([]);
    expect(own.authority).toBe('a.test');
    const routes = record();
    applied(compiled(route(forward({ clusters, authority: 'r.test' }))), routes);
    expect(routes.authority).toBe('r.test');
    const single = record();
    expect(applied(compiled(route(forward({ clusters: [{ cluster: 'a', weight: 1, authority: 'd.test' }] })), false), single)).toEqual([
      'x-envoy-original-host: reviews',
    ]);
    expect(single.authority).toBe('d.test');
  });
});

describe('header operations', () => {
  it('RT-R30: removes come first, then sets, then adds', () => {
    const of = compiled(route(forward(), { headers: request(ops({ 'x-a': 'set' }, { 'x-b': 'add' }, ['x-a', 'x-c'])) }), false);
    expect(applied(of, record('/', ['x-b', 'client', 'x-a', '1', 'x-c', '2', 'x-a', '3']))).toEqual(['x-b: client', 'x-a: set', 'x-b: add']);
  });

  it('RT-R31: a set replaces all and goes to the end; an empty value is not added', () => {
    const of = compiled(route(forward(), { headers: request(ops({ 'x-a': 's', 'x-empty': '', 'x-gone': '%REQ(x-none)%' }, { 'x-b': '2' })) }), false);
    expect(applied(of, record('/', ['x-a', '1', 'x-gone', 'stays', 'x-a', '2', 'x-b', '1']))).toEqual(['x-gone: stays', 'x-b: 1', 'x-a: s', 'x-b: 2']);
  });

  it('RT-R31: a header of which there is one only takes what is added behind a comma', () => {
    const of = compiled(route(forward(), { headers: request(ops({}, { accept: 'b', 'user-agent': 'x' })) }), false);
    expect(applied(of, record('/', ['accept', 'a']))).toEqual(['accept: a,b', 'user-agent: x']);
  });

  const level = request(ops({ 'x-set': 's1', 'x-both': 'route' }, { 'x-add': 'a1' }, ['x-gone', 'x-both-removed']));
  const destination = request(ops({ 'x-both': 'dest' }, { 'x-add': 'a2' }, ['x-gone2']));

  it('RT-R32: of a single destination both levels are one list, and the set of the destination wins', () => {
    const of = compiled(route(forward({ clusters: [{ cluster: 'a', weight: 1, headers: destination }] }), { headers: level }));
    const sent = ['x-set', 'client', 'x-add', 'client', 'x-gone', '1', 'x-gone2', '2', 'x-both', 'client', 'x-keep', 'k'];
    expect(applied(of, record('/', sent))).toEqual([
      'x-add: client',
      'x-keep: k',
      'x-envoy-attempt-count: 1',
      'x-set: s1',
      'x-both: dest',
      'x-add: a1',
      'x-add: a2',
    ]);
  });

  it('RT-R33: of several the level of the destination is done first, and the set of the route wins', () => {
    const clusters = [
      { cluster: 'a', weight: 1, headers: request(ops({ 'x-both': 'dest' }, { 'x-add': 'a2' }, ['x-set'])) },
      { cluster: 'b', weight: 1 },
    ];
    const of = compiled(route(forward({ clusters }), { headers: level }), false);
    expect(applied(of, record())).toEqual(['x-add: a2', 'x-set: s1', 'x-both: route', 'x-add: a1']);
    expect(applied(of, record(), of.clusters[1])).toEqual(['x-set: s1', 'x-both: route', 'x-add: a1']);
  });

  it('RT-R34: pseudo headers, host and framing are left alone', () => {
    const of = compiled(
      route(forward(), { headers: request(ops({ ':path': '/x', Host: 'h', 'content-length': '5' }, { ':method': 'PUT' }, ['host', ':authority'])) }),
      false,
    );
    const one = record();
    expect(applied(of, one)).toEqual([]);
    expect([one.path, one.authority]).toEqual(['/', 'reviews']);
  });

  it('RT-R35: values are formats, read before anything is written', () => {
    const of = compiled(
      route(forward({ authority: 'n' }), { headers: request(ops({ 'x-host': '%REQ(:authority)%', 'x-one': '%REQ(x-in)%-%PROTOCOL%', 'x-in': '100%%' })) }),
      false,
    );
    expect(applied(of, record('/', ['x-in', 'v'], { protocol: 'HTTP/1.1' }))).toEqual([
      'x-host: reviews',
      'x-one: v-HTTP/1.1',
      'x-in: 100%',
      'x-envoy-original-host: reviews',
    ]);
  });
});

describe('what the proxy tells', () => {
  const decorated = compiled(route(forward({ timeoutMs: 900, maxGrpcTimeoutMs: 900, retry: retry(400) }), { decorator: 'reviews:8080/*', name: 'n' }));

  function retry(perTryTimeoutMs: number) {
    return {
      on: ['5xx'],
      statusCodes: [],
      attempts: 5,
      perTryTimeoutMs,
      backoffBaseMs: 25,
      backoffMaxMs: 250,
      previousHosts: true,
      hostSelectionAttempts: 5,
      previousPriorities: false,
    };
  }

  it('RT-R40, RT-R81: decorator, expected timeout and attempt count, in this order; what the client sent is overwritten in place', () => {
    const one = record('/', ['x-envoy-attempt-count', '9']);
    decorate(one, decorated, true);
    const timeouts = applyRoute(one, decorated, first(decorated));
    expect(timeouts).toEqual({ routeMs: 900, perTryMs: 400 });
    expect(one.headers).toEqual(['x-envoy-attempt-count', '1', 'x-envoy-decorator-operation', 'reviews:8080/*', 'x-envoy-expected-rq-timeout-ms', '400']);
    prepareRetry(one, decorated, timeouts, 2, 400);
    expect(one.headers).toEqual(['x-envoy-attempt-count', '2', 'x-envoy-decorator-operation', 'reviews:8080/*', 'x-envoy-expected-rq-timeout-ms', '400']);
    prepareRetry(one, decorated, timeouts, 3, 850);
    expect(one.headers.slice(-1)).toEqual(['50']);
    prepareRetry(one, decorated, timeouts, 4, 900);
    expect(one.headers.slice(-1)).toEqual(['1']);
    expect([one.route, one.virtualHost]).toEqual(['n', 'reviews:8080']);
  });

  it.each([
    [{}, '/t', ['x-envoy-expected-rq-timeout-ms', '300', 'grpc-timeout', '300m']],
    [{ 'grpc-timeout': '2S' }, '/t', ['grpc-timeout', '300m', 'x-envoy-expected-rq-timeout-ms', '300']],
    [{ 'grpc-timeout': '100m' }, '/t', ['grpc-timeout', '100m', 'x-envoy-expected-rq-timeout-ms', '100']],
    [{}, '/n', []],
    [{ 'grpc-timeout': '100m' }, '/n', ['grpc-timeout', '100m', 'x-envoy-expected-rq-timeout-ms', '100']],
  ])('RT-R63: a gRPC upstream is told the timeout: %j %s', (headers, path, expected) => {
    const timeoutMs = path === '/t' ? 300 : 0;
    const one = record(path, Object.entries(headers).flat(), { isGrpc: true });
    const of = compiled(route(forward({ timeoutMs, maxGrpcTimeoutMs: timeoutMs })), false);
    applyRoute(one, of, first(of));
    expect(one.headers).toEqual(expected);
  });

  it('RT-R40: an inbound proxy keeps the operation for the response, unless the client named it', () => {
    const plain = record();
    decorate(plain, decorated, false);
    expect([plain.headers, plain.decoratorOperation]).toEqual([[], 'reviews:8080/*']);
    const named = record('/', ['x-envoy-decorator-operation', 'mine']);
    decorate(named, decorated, false);
    expect([named.headers, named.decoratorOperation]).toEqual([[], '']);
  });

  it.each([
    [
      ['x-forwarded-for', '198.51.100.7', 'a', 'b'],
      ['x-forwarded-for', '198.51.100.7,192.0.2.2', 'a', 'b', 'x-envoy-internal', 'true'],
    ],
    [
      ['a', 'b'],
      ['a', 'b', 'x-envoy-internal', 'true', 'x-forwarded-for', '192.0.2.2'],
    ],
  ])('RT-R111, RT-R112, RT-R113: the head of a mirrored request: %j', (headers, expected) => {
    const before = headers.slice();
    expect(mirrorHead(headers, '192.0.2.2')).toEqual(expected);
    expect(headers).toEqual(before);
  });
});

describe('clusters', () => {
  const clusters = (...weights: number[]) => weights.map((weight, i) => ({ cluster: `c${i}`, weight }));
  const choose = (of: CompiledRoute, drawn: number): string => chooseCluster(of, draws(drawn)).cluster;

  it('RT-R2: the weight of a single cluster does not matter', () => expect(choose(compiled(route(forward({ clusters: clusters(0) }))), 0.9)).toBe('c0'));

  it('RT-R2, RT-R3: shares of the sum, in the order of the list', () => {
    const of = compiled(route(forward({ clusters: clusters(2, 8) })));
    expect([0, 0.199, 0.2, 0.999].map((drawn) => choose(of, drawn))).toEqual(['c0', 'c0', 'c1', 'c1']);
    const three = compiled(route(forward({ clusters: clusters(1, 0, 3) })));
    expect([0.24, 0.25, 0.9].map((drawn) => choose(three, drawn))).toEqual(['c0', 'c2', 'c2']);
  });

  it('RT-R3: one draw a request', () => {
    let drawn = 0;
    chooseCluster(compiled(route(forward({ clusters: clusters(1, 1, 1) }))), () => {
      drawn++;
      return 0.5;
    });
    expect(drawn).toBe(1);
  });
});
