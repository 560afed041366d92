import { describe, expect, it } from 'vitest';
import type { Route } from '../../ir/route.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { proxyIn } from '../clusters/testing.ts';
import { apiGateway, chains, config, created, doc, domains, hostNamed, listener, svc, tableOf, ways } from '../testing.ts';

const proxy = proxyIn('edge', { role: 'gateway', labels: { 'gateway.networking.k8s.io/gateway-name': 'gw' } });
const everyone = 'allowedRoutes: {namespaces: {from: All}}';
const gateway = apiGateway('edge/gw', `gatewayClassName: istio, listeners: [{name: web, port: 80, protocol: HTTP, ${everyone}}]`);
const parent = 'parentRefs: [{name: gw, namespace: edge}]';
const backend = (name: string, more = ''): string => `{name: ${name}, port: 80${more}}`;
const cluster = (name: string, namespace = 'shop'): string => `outbound|80||${name}.${namespace}.svc.cluster.local`;
const services = [svc('shop/a http:80'), svc('shop/b http:80'), svc('pay/pay http:80')];

function table(documents: readonly string[], own = gateway): RoutingTable {
  return tableOf([own, ...services, ...documents], { proxy });
}

/** Routes of every host at the Gateway. */
function routesOf(rules: string, kind = 'HTTPRoute'): readonly Route[] {
  return hostNamed(table([doc(kind, 'shop/r', `${parent}, rules: [${rules}]`)]), 'http.80', '*:80').routes;
}

describe('conditions of an HTTPRoute', () => {
  const of = (match: string): object | undefined => routesOf(`{matches: [{${match}}], backendRefs: [${backend('a')}]}`)[0]?.match;
  it.each([
    ['', { kind: 'prefix', value: '/' }],
    ['path: {value: /a}', { kind: 'segments', value: '/a' }],
    ['path: {type: PathPrefix, value: /a/}', { kind: 'segments', value: '/a' }],
    ['path: {type: PathPrefix, value: /}', { kind: 'prefix', value: '/' }],
    ['path: {type: Exact, value: /a/}', { kind: 'exact', value: '/a/' }],
    ['path: {type: RegularExpression, value: "/a.*"}', { kind: 'regex', value: '/a.*' }],
  ])('SEL-R81, SEL-R82, MAP-R19: {%s}', (match, path) => {
    expect(of(match)).toMatchObject({ path });
  });

  it('SEL-R81: of several conditions on one header the first; the method', () => {
    const match =
      'method: POST, headers: [{name: X-A, value: "1"}, {name: x-a, value: "2"}, {name: x-b, type: RegularExpression, value: b+}], queryParams: [{name: q, value: v}]';
    expect(of(match)).toMatchObject({
      headers: [
        { name: 'x-a', matcher: { kind: 'exact', value: '1' } },
        { name: 'x-b', matcher: { kind: 'regex', value: 'b+' } },
        { name: ':method', matcher: { kind: 'exact', value: 'POST' } },
      ],
      query: [{ name: 'q', matcher: { kind: 'exact', value: 'v' } }],
    });
  });

  it('SEL-R81: a rule without matches has one for everything; its place is the rule', () => {
    expect(routesOf(`{backendRefs: [${backend('a')}]}`)).toMatchObject([
      { name: 'shop.r.0', match: { path: { value: '/' } }, origin: { kind: 'gateway-api/HTTPRoute', path: ['spec', 'rules', 0] } },
    ]);
  });
});

it.each([
  ['method: {service: s.v1.S, method: M}', { kind: 'exact', value: '/s.v1.S/M' }],
  ['method: {service: s.v1.S}', { kind: 'segments', value: '/s.v1.S' }],
  ['method: {method: M}', { kind: 'regex', value: '/[^/]+/M' }],
  ['method: {type: RegularExpression, service: "s.*", method: "M|N"}', { kind: 'regex', value: '/s.*/M|N' }],
  ['headers: [{name: x, value: "1"}]', { kind: 'prefix', value: '/' }],
])('a GRPCRoute for {%s}', (match, path) => {
  expect(routesOf(`{matches: [{${match}}], backendRefs: [${backend('a')}]}`, 'GRPCRoute')[0]?.match).toMatchObject({ path });
});

it('SEL-R81: the most specific match first, then the oldest route, then the order of the rules', () => {
  const rule = (match: string, name: string): string => `{name: ${name}, matches: [{${match}}], backendRefs: [${backend('a')}]}`;
  const young = doc(
    'HTTPRoute',
    'shop/young',
    `${parent}, rules: [${rule('path: {value: /a}', 'young')}, ${rule('path: {type: RegularExpression, value: /very/long/expression}', 'regex')}]`,
    created(2),
  );
  const rules = [
    rule('path: {value: /}, queryParams: [{name: q, value: "1"}]', 'short'),
    rule('path: {value: /a}', 'a'),
    rule('path: {value: /a}, method: GET', 'method'),
    rule('path: {value: /a}, headers: [{name: x, value: "1"}]', 'header'),
    rule('path: {value: /a}, headers: [{name: x, value: "1"}, {name: z, value: "1"}]', 'headers'),
    rule('path: {value: /a}, queryParams: [{name: q, value: "1"}]', 'query'),
    rule('path: {value: /a/longer}', 'longer'),
    rule('path: {type: Exact, value: /a}', 'exact'),
    rule('path: {value: /a}', 'again'),
  ];
  const made = table([young, doc('HTTPRoute', 'shop/old', `${parent}, rules: [${rules.join(', ')}]`, created(1))]);
  const names = hostNamed(made, 'http.80', '*:80').routes.map(({ name }) => name);
  expect(names).toEqual(['exact', 'longer', 'method', 'headers', 'header', 'query', 'a', 'again', 'young', 'short', 'regex']);
});

describe('SEL-R83: actions', () => {
  const action = (rule: string): object | undefined => routesOf(`{${rule}}`)[0]?.action;
  const filter = (type: string, field: string, value: string): string => `filters: [{type: ${type}, ${field}: {${value}}}]`;
  const refs = (...list: string[]): string => `backendRefs: [${list.join(', ')}]`;

  it.each([
    ['no backend', refs()],
    ['backends without a weight', refs(backend('a', ', weight: 0'), backend('b', ', weight: 0'))],
  ])('%s: 500', (_, backends) => {
    expect(action(backends)).toEqual({ kind: 'direct', status: 500, body: '' });
  });

  it('one backend, and several by weight', () => {
    expect(action(refs(backend('a')))).toMatchObject({ clusters: [{ cluster: cluster('a'), weight: 1 }], missingClusterStatus: 500 });
    expect(action(refs(backend('a'), backend('b', ', weight: 3')))).toMatchObject({ clusters: [{ weight: 1 }, { cluster: cluster('b'), weight: 3 }] });
    expect(action(refs(backend('a'), backend('b', ', weight: 0')))).toMatchObject({ clusters: [{ cluster: cluster('a') }] });
  });

  it.each([
    ['hostname: h', { status: 302, host: 'h', port: 80 }],
    ['statusCode: 301, port: 8443', { status: 301, port: 8443 }],
    ['scheme: https', { status: 302, scheme: 'https' }],
    ['path: {type: ReplaceFullPath, replaceFullPath: /n}', { path: '/n' }],
    ['path: {type: ReplacePrefixMatch, replacePrefixMatch: /n}', { prefix: '/n' }],
  ])('redirect {%s}', (written, expected) => {
    const { port, ...rest } = { port: undefined, ...expected } as Record<string, unknown>;
    // The usual port of the scheme is left out.
    expect(action(filter('RequestRedirect', 'requestRedirect', written))).toMatchObject({
      kind: 'redirect',
      ...rest,
      ...(port === 80 || port === undefined ? {} : { port }),
    });
    expect(action(`${filter('RequestRedirect', 'requestRedirect', written)}, ${refs()}`)).toMatchObject({ kind: 'redirect' });
  });

  const rewritten = (written: string, prefix = '/a.b/'): unknown =>
    action(`matches: [{path: {value: ${prefix}}}], ${filter('URLRewrite', 'urlRewrite', written)}, ${refs(backend('a'))}`);
  it.each([
    ['path: {type: ReplacePrefixMatch, replacePrefixMatch: /n/}', { rewrite: { kind: 'prefix', value: '/n' } }],
    ['path: {type: ReplacePrefixMatch, replacePrefixMatch: /}', { rewrite: { kind: 'regex', pattern: '^/a\\.b(/?)(.*)', substitution: '/\\2' } }],
    ['path: {type: ReplaceFullPath, replaceFullPath: /n}', { rewrite: { kind: 'regex', pattern: '/.*', substitution: '/n' } }],
    ['hostname: h', { authority: 'h' }],
  ])('MAP-R30: rewrite {%s}', (written, expected) => {
    expect(rewritten(written)).toMatchObject(expected);
  });

  it('headers of the rule and of its backends', () => {
    const set = (name: string): string =>
      `{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: ${name}, value: "1"}], add: [{name: ${name}2, value: "2"}], remove: [${name}3]}}`;
    const [route] = routesOf(
      `{filters: [${set('x')}, {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [z]}}], ${refs(backend('a', `, filters: [${set('w')}]`), backend('b'))}}`,
    );
    expect(route?.headers).toEqual({
      request: {
        remove: ['x3'],
        add: [
          { name: 'x', value: '1', set: true },
          { name: 'x2', value: '2', set: false },
        ],
      },
      response: { remove: ['z'], add: [] },
    });
    expect(route?.action).toMatchObject({ clusters: [{ headers: { request: { remove: ['w3'] } } }, {}] });
  });

  it.each([
    ['', 1_000_000],
    [', percent: 30', 300_000],
    [', fraction: {numerator: 1, denominator: 8}', 125_000],
    [', fraction: {numerator: 2}', 20_000],
  ])('mirrors{%s}', (more, share) => {
    expect(action(`${filter('RequestMirror', 'requestMirror', `backendRef: ${backend('b')}${more}`)}, ${refs(backend('a'))}`)).toMatchObject({
      mirrors: [{ cluster: cluster('b'), share }],
    });
  });

  it.each([
    ['timeouts: {request: 10s}', { timeoutMs: 10_000 }],
    ['timeouts: {request: 10s, backendRequest: 2s}', { timeoutMs: 2000 }],
    ['timeouts: {request: 10s, backendRequest: 2s}, retry: {}', { timeoutMs: 10_000, retry: { attempts: 2, perTryTimeoutMs: 2000, statusCodes: [] } }],
    ['retry: {attempts: 5, codes: [503, 504], backoff: 100ms}', { retry: { attempts: 5, statusCodes: [503, 504], backoffBaseMs: 100 } }],
  ])('{%s}', (written, expected) => {
    expect(action(`${written}, ${refs(backend('a'))}`)).toMatchObject(expected);
  });

  it('CORS', () => {
    const cors = filter('CORS', 'cors', 'allowOrigins: ["https://*.a", "https://b"], allowMethods: [GET], maxAge: 5');
    expect(action(`${cors}, ${refs(backend('a'))}`)).toMatchObject({
      cors: {
        allowOrigins: [
          { kind: 'regex', value: 'https://.*\\.a' },
          { kind: 'exact', value: 'https://b' },
        ],
        allowMethods: 'GET',
        maxAgeSeconds: 5,
        forwardUnmatchedPreflights: false,
      },
    });
  });
});

describe('SEL-R83: backends that are not right have no cluster, and say so', () => {
  const outcome = (ref: string, ...more: string[]): [string | undefined, string[]] => {
    const made = table([doc('HTTPRoute', 'shop/r', `${parent}, rules: [{backendRefs: [${ref}]}]`), ...more]);
    return [ways(made, 'http.80')['*:80']?.[0], made.statuses.filter(({ reason }) => reason === 'invalid-backend').map(({ origin }) => origin.path.join('.'))];
  };
  const place = ['spec.rules.0.backendRefs.0'];
  it.each([
    ['a Service that is not there', backend('gone'), cluster('gone')],
    ['another kind', '{kind: Bucket, group: x.io, name: b, port: 80}', 'outbound|80||UnknownService'],
    ['no port', '{name: a}', 'outbound|80||UnknownService'],
    ['another namespace without a grant', backend('pay', ', namespace: pay'), 'outbound|80||UnknownService'],
  ])('%s', (_, ref, name) => {
    expect(outcome(ref)).toEqual([name, place]);
  });

  it('another namespace with a grant', () => {
    const grant = (from: string, to: string): string =>
      doc('ReferenceGrant', 'pay/g', `from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: ${from}}], to: [{group: "", kind: Service${to}}]`);
    expect(outcome(backend('pay', ', namespace: pay'), grant('shop', ''))).toEqual([cluster('pay', 'pay'), []]);
    expect(outcome(backend('pay', ', namespace: pay'), grant('shop', ', name: pay'))[1]).toEqual([]);
    expect(outcome(backend('pay', ', namespace: pay'), grant('shop', ', name: other'))[1]).toEqual(place);
    expect(outcome(backend('pay', ', namespace: pay'), grant('edge', ''))[1]).toEqual(place);
  });

  it('a filter that is not understood', () => {
    expect(table([doc('HTTPRoute', 'shop/r', `${parent}, rules: [{filters: [{type: ExtensionRef}], backendRefs: [${backend('a')}]}]`)]).statuses).toMatchObject(
      [{ reason: 'unsupported', origin: { path: ['spec', 'rules', 0, 'filters'] } }],
    );
  });
});

describe('listeners of a Gateway', () => {
  const route = (more: string, refs = parent): string => doc('HTTPRoute', 'shop/r', `${refs}${more}, rules: [{backendRefs: [${backend('a')}]}]`);
  const listeners = (list: string): string => apiGateway('edge/gw', `gatewayClassName: istio, listeners: [${list}]`);
  const hosts = (own: string, ...documents: string[]): string[] => Object.keys(domains(table(documents, listeners(own)), 'http.80'));

  it.each([
    ['any host', `{name: l, port: 80, protocol: HTTP, ${everyone}}`, ', hostnames: [a.example, "*.b.example"]', ['*.b.example:80', 'a.example:80']],
    ['its own host', `{name: l, port: 80, protocol: HTTP, hostname: a.example, ${everyone}}`, '', ['a.example:80']],
    ['the narrower of two', `{name: l, port: 80, protocol: HTTP, hostname: "*.example", ${everyone}}`, ', hostnames: [a.example, b.other]', ['a.example:80']],
    ['no host in common', `{name: l, port: 80, protocol: HTTP, hostname: x.example, ${everyone}}`, ', hostnames: [a.example]', ['blackhole:80']],
    ['no other namespaces by default', '{name: l, port: 80, protocol: HTTP}', '', ['blackhole:80']],
    ['other kinds', `{name: l, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}}`, '', ['blackhole:80']],
  ])('take %s', (_, own, more, expected) => {
    expect(hosts(own, route(more))).toEqual(expected);
  });

  it('are named by their routes, or by their port', () => {
    const two = `{name: l, port: 80, protocol: HTTP, hostname: l.example, ${everyone}}, {name: m, port: 80, protocol: HTTP, hostname: m.example, ${everyone}}, {name: o, port: 81, protocol: HTTP, ${everyone}}`;
    expect(hosts(two, route('', 'parentRefs: [{name: gw, namespace: edge, sectionName: m}]'))).toEqual(['m.example:80']);
    expect(hosts(two, route('', 'parentRefs: [{name: gw, namespace: edge, port: 81}]'))).toEqual(['blackhole:80']);
    expect(hosts(two, route('', 'parentRefs: [{name: other, namespace: edge}]'))).toEqual(['blackhole:80']);
  });

  it('are HTTPS with the certificate, and TLS and TCP with their routes', () => {
    const own = listeners(
      `{name: s, port: 443, protocol: HTTPS, hostname: s.example, tls: {certificateRefs: [{name: c}]}, ${everyone}}, {name: p, port: 444, protocol: TLS, hostname: "*.example", tls: {mode: Passthrough}, ${everyone}}, {name: t, port: 90, protocol: TCP, ${everyone}}`,
    );
    const stream = (kind: string, more: string): string =>
      doc(kind, `shop/${kind.toLowerCase()}`, `${parent}${more}, rules: [{backendRefs: [${backend('a')}, ${backend('b')}]}]`);
    const made = table([route(''), stream('TLSRoute', ', hostnames: [x.example]'), stream('TCPRoute', '')], own);
    expect(chains(listener(made, '0.0.0.0_443'))).toEqual(['s.example SIMPLE -> routes https.443.default.gw-istio-autogenerated-k8s-gateway-s.edge']);
    expect(listener(made, '0.0.0.0_443').chains[0]?.tls).toMatchObject({ credentialName: 'c' });
    expect(chains(listener(made, '0.0.0.0_444'))).toEqual([`x.example -> 1% ${cluster('a')}, 1% ${cluster('b')}`]);
    expect(chains(listener(made, '0.0.0.0_90'))).toEqual([`all -> 1% ${cluster('a')}, 1% ${cluster('b')}`]);
  });

  it('are there for the pods of the Gateway, or those behind the Service that it names', () => {
    const named = apiGateway('edge/gw', `addresses: [{type: Hostname, value: front.edge.svc.cluster.local}], listeners: [{name: l, port: 80, protocol: HTTP}]`);
    const front = doc('Service', 'edge/front', 'selector: {istio: ingress}, ports: [{name: http, port: 80}]');
    const made = (labels: Record<string, string>): number => tableOf([named, front], { proxy: { ...proxy, labels } }).listeners.length;
    expect([made({ istio: 'ingress' }), made(proxy.labels)]).toEqual([1, 0]);
    expect(tableOf([gateway], { proxy: { ...proxy, namespace: 'shop' } }).listeners).toEqual([]);
  });
});

describe('SEL-R84: routes of services', () => {
  const mesh = (name: string, host: string, ref = 'name: a, namespace: shop', meta = ''): string =>
    doc('HTTPRoute', name, `parentRefs: [{kind: Service, group: "", ${ref}}], hostnames: [ignored.example], rules: [{backendRefs: [${backend(host)}]}]`, meta);
  const seen = (namespace: string, ...documents: string[]): string | undefined =>
    ways(tableOf([...services, svc('pay/b http:80'), ...documents], { proxy: { namespace } }), '80')['a.shop.svc.cluster.local:80']?.[0];

  it('count for all where they are in the namespace of the service, else for clients of their own', () => {
    expect(seen('other', mesh('shop/r', 'b'))).toBe(cluster('b'));
    expect(seen('pay', mesh('pay/r', 'b'))).toBe(cluster('b', 'pay'));
    expect(seen('other', mesh('pay/r', 'b'))).toBe(cluster('a'));
  });

  it("of the client's namespace come first", () => {
    const documents = [mesh('shop/r', 'b', undefined, created(1)), mesh('pay/r', 'b', undefined, created(2))];
    expect(seen('pay', ...documents)).toBe(cluster('b', 'pay'));
    expect(seen('shop', ...documents)).toBe(cluster('b'));
  });

  it('are for one port where they name it, and never for host names', () => {
    expect(seen('shop', mesh('shop/r', 'b', 'name: a, port: 80'))).toBe(cluster('b'));
    expect(seen('shop', mesh('shop/r', 'b', 'name: a, port: 81'))).toBe(cluster('a'));
    expect(config(tableOf([...services, mesh('shop/r', 'b')]), '80').virtualHosts.map(({ name }) => name)).not.toContain('ignored.example:80');
  });

  it('can be those of a ServiceEntry', () => {
    const entry = doc('ServiceEntry', 'shop/e', 'hosts: [e.example], ports: [{number: 80, name: http, protocol: HTTP}]');
    const route = doc(
      'HTTPRoute',
      'shop/r',
      `parentRefs: [{kind: ServiceEntry, group: networking.istio.io, name: e}], rules: [{backendRefs: [${backend('b')}]}]`,
    );
    expect(ways(tableOf([...services, entry, route]), '80')['e.example:80']).toEqual([cluster('b')]);
  });
});
