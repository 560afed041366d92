import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { tableProvenance } from '../ir/provenance.ts';
import type { RoutingTable } from '../ir/table.ts';
import { cart, pods, proxyIn, rule } from '../translate/clusters/testing.ts';
import { routingTable } from '../translate/table.ts';
import { doc, gatewayProxy, svc, type TableTest, tableOf, to, vs } from '../translate/testing.ts';
import type { SimulatedHttpRequest, SimulatedTcpRequest } from './request.ts';
import { Simulator, simulate } from './simulate.ts';
import type { Simulation } from './simulation.ts';

/** `GET http://cart/items` with headers. */
function http(text: string, more: Partial<SimulatedHttpRequest> = {}): SimulatedHttpRequest {
  const [, method = 'GET', scheme = 'http', authority = '', path = '/'] = /^(\w+) (https?):\/\/([^/?]*)(.*)$/.exec(text) ?? [];
  return { method, scheme: scheme as 'http' | 'https', authority, path: path === '' ? '/' : path, ...more };
}

const running = [cart, pods('v1', 'v1', 'v2')];
const subsets = rule('host: cart, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}, {name: v3, labels: {version: v3}}]');

function asked(rules: string, request = 'GET http://cart/', more: Partial<SimulatedHttpRequest> = {}, options: TableTest = {}): Simulation {
  return simulate(tableOf([...running, subsets, vs('shop/cart', 'cart', `http: [${rules}]`)], options), http(request, more));
}

/** `v1 75`, `v2 25 (no-endpoints)` */
function shares({ destinations }: Simulation): string[] {
  return destinations.map(({ host, subset, percent, failure, cluster }) => `${subset || host || cluster} ${percent}${failure ? ` (${failure.reason})` : ''}`);
}

describe('the outcome', () => {
  const direct = '{match: [{uri: {prefix: /d}}], directResponse: {status: 418, body: {string: tea}}}';
  it.each<[string, Simulation, Record<string, unknown>]>([
    ['a destination', asked(`{${to('cart')}}`), { kind: 'routed' }],
    ['a redirect', asked('{redirect: {uri: /new, authority: other, redirectCode: 302}}'), { kind: 'redirect', location: 'http://other/new' }],
    ['a direct response', asked(direct, 'GET http://cart/d'), { kind: 'direct-response' }],
    ['no rule that matches', asked(direct), { kind: 'no-route', why: 'no-match' }],
    ['CONNECT', asked(`{${to('cart')}}`, 'CONNECT http://cart/'), { kind: 'no-route', why: 'connect' }],
    ['a path that has no normal form', asked(`{${to('cart')}}`, 'GET http://cart/%00'), { kind: 'refused' }],
    ['a fault for everybody', asked(`{fault: {abort: {httpStatus: 555, percentage: {value: 100}}}, ${to('cart')}}`), { kind: 'fault' }],
    ['a fault for some', asked(`{fault: {abort: {httpStatus: 555, percentage: {value: 99.9}}}, ${to('cart')}}`), { kind: 'routed' }],
    ['another host', asked(`{${to('cart')}}`, 'GET http://example.com/'), { kind: 'passthrough', http: true }],
    ['another host and port', asked(`{${to('cart')}}`, 'GET http://example.com:1234/'), { kind: 'passthrough', http: false }],
    [
      'another host where they are blocked',
      asked(`{${to('cart')}}`, 'GET http://example.com/', {}, { meshConfig: { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } } }),
      { kind: 'blocked', reply: { status: 502 } },
    ],
    [
      'a connection where others are blocked',
      asked(`{${to('cart')}}`, 'GET http://example.com:1234/', {}, { meshConfig: { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } } }),
      { kind: 'blocked' },
    ],
    ['TLS to a port of plain HTTP', asked(`{${to('cart')}}`, 'GET https://cart:80/'), { kind: 'passthrough', http: false }],
    [
      'a preflight',
      asked(`{corsPolicy: {allowOrigins: [{exact: "http://a"}], allowMethods: [GET]}, ${to('cart')}}`, 'OPTIONS http://cart/', {
        headers: [
          ['Origin', 'http://a'],
          ['Access-Control-Request-Method', 'GET'],
        ],
      }),
      { kind: 'preflight', reply: { status: 200 } },
    ],
  ])('%s', (_, { outcome }, expected) => expect(outcome).toMatchObject(expected));

  it('of a gRPC call says it in the way of gRPC', () => {
    const { outcome, request } = asked('{match: [{uri: {prefix: /x}}], directResponse: {status: 500}}', 'POST http://cart/y', {
      headers: [['Content-Type', 'application/grpc']],
    });
    expect(outcome).toMatchObject({ kind: 'no-route', reply: { status: 200, grpcStatus: 12, flags: 'NR', details: 'route_not_found' } });
    expect(request).toMatchObject({ grpc: true });
  });

  it('is plain data', () => {
    const simulation = asked(`{${to('cart')}, mirror: {host: cart, subset: v2}}`);
    expect(JSON.parse(JSON.stringify(simulation))).toEqual(simulation);
  });
});

describe('shares', () => {
  const weighted = (...weights: number[]): string =>
    `{route: [${weights.map((weight, i) => `{destination: {host: cart, subset: v${i + 1}}, weight: ${weight}}`).join(', ')}]}`;
  it.each<[string, Simulation, string[]]>([
    ['one destination, whatever its weight', asked(weighted(0)), ['v1 100']],
    ['several', asked(weighted(75, 25)), ['v1 75', 'v2 25']],
    ['that are not of a hundred', asked(weighted(1, 3)), ['v1 25', 'v2 75']],
    ['none of a subset without endpoints is hidden', asked(weighted(50, 25, 25)), ['v1 50', 'v2 25', 'v3 25 (no-endpoints)']],
    ['an unknown subset', asked(`{route: [{destination: {host: cart, subset: v9}}]}`), ['v9 100 (unknown-subset)']],
    ['an unknown host', asked(`{${to('nosuch')}}`), ['nosuch.shop.svc.cluster.local 100 (unknown-host)']],
    ['an unknown port', asked('{route: [{destination: {host: cart, port: {number: 81}}}]}'), ['cart.shop.svc.cluster.local 100 (unknown-port)']],
    ['a service without a virtual service', simulate(tableOf(running), http('GET http://cart/')), ['cart.shop.svc.cluster.local 100']],
  ])('%s', (_, simulation, expected) => expect(shares(simulation)).toEqual(expected));

  it.each([
    ['unknown-subset', 'cart, subset: v9', { status: 503, flags: 'NC', details: 'cluster_not_found', body: '' }],
    ['no-endpoints', 'cart, subset: v3', { status: 503, flags: 'UH', details: 'no_healthy_upstream', body: 'no healthy upstream' }],
  ])('the answer to %s', (reason, host, reply) => {
    expect(asked(`{route: [{destination: {host: ${host}}}]}`).destinations[0]?.failure).toMatchObject({ reason, reply });
  });
});

describe('endpoints', () => {
  /** The table of a cluster whose endpoints are healthy or not. */
  function withHealth(panicPercent: number, ...healthy: boolean[]): RoutingTable {
    const table = tableOf(running);
    const clusters = table.clusters.map((cluster) => {
      if (cluster.name !== 'outbound|80||cart.shop.svc.cluster.local') return cluster;
      const [group] = cluster.localities;
      const [endpoint] = group?.endpoints ?? [];
      if (!group || !endpoint) throw new Error('no endpoint');
      return { ...cluster, panicPercent, localities: [{ ...group, endpoints: healthy.map((well) => ({ ...endpoint, healthy: well })) }] };
    });
    return { ...table, clusters };
  }
  it.each<[string, RoutingTable, string | undefined, Record<string, unknown>]>([
    ['all healthy', withHealth(50, true, true), undefined, { total: 2, healthy: 2, panic: false }],
    ['enough healthy', withHealth(50, true, false), undefined, { total: 2, healthy: 1, panic: false }],
    ['too few healthy: all are used', withHealth(50, true, false, false), undefined, { total: 3, healthy: 1, panic: true }],
    ['none healthy: all are used', withHealth(50, false, false), undefined, { total: 2, healthy: 0, panic: true }],
    ['none healthy, and no panic', withHealth(0, false, false), 'no-usable-endpoints', { total: 2, healthy: 0, panic: false }],
    ['none', withHealth(50), 'no-endpoints', { total: 0, healthy: 0, panic: false }],
  ])('%s', (_, table, reason, facts) => {
    const [destination] = simulate(table, http('GET http://cart/')).destinations;
    expect(destination?.failure?.reason).toBe(reason);
    expect(destination?.upstream?.endpoints).toMatchObject(facts);
  });

  it('by priority of their localities', () => {
    const client = proxyIn('shop', { locality: 'r1/z1' });
    const mesh = meshOf([cart, pods('v1 r1/z1', 'v1 r2/z1'), rule('host: cart, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}')].join('---\n'));
    const [destination] = simulate(routingTable(mesh, client), http('GET http://cart/')).destinations;
    expect(destination?.upstream?.endpoints.localities.map(({ locality, priority, percent }) => [locality.region, priority, percent])).toEqual([
      ['r1', 0, 100],
      ['r2', 1, 0],
    ]);
  });

  it('that are to come are no failure', () => {
    const expecting = (workloads: readonly string[] | undefined) => ({
      ...tableProvenance,
      expected: () => (workloads ? { workloads: workloads.map((name) => ({ kind: 'Deployment', namespace: 'shop', name, path: [] })) } : {}),
    });
    const table = tableOf([cart]);
    const reason = (workloads: readonly string[] | undefined) =>
      simulate(table, http('GET http://cart/'), { provenance: expecting(workloads) }).destinations[0]?.failure?.reason;
    expect([reason(['cart']), reason(undefined), reason([])]).toEqual([undefined, undefined, 'no-endpoints']);
  });
});

describe('where a connection goes', () => {
  const services = [
    svc('shop/cart http:8080'),
    svc('shop/db tcp:3306 10.0.0.2'),
    svc('shop/any auto:9999 10.0.0.3'),
    svc('other/web http:80 10.0.0.4'),
    svc('shop/both tcp:3000 http:8081 10.0.0.5'),
  ];
  const table = tableOf(services);
  const entryOf = (request: SimulatedHttpRequest | SimulatedTcpRequest) => {
    const { entry } = simulate(table, request);
    return [entry.port, entry.portFrom, entry.listener?.name, entry.routes];
  };
  it.each<[string, SimulatedHttpRequest | SimulatedTcpRequest, unknown[]]>([
    ['the port of the Host header', http('GET http://cart:8080/'), [8080, 'authority', '0.0.0.0_8080', '8080']],
    ['the port that is said', http('GET http://cart:1/', { port: 8080 }), [8080, 'request', '0.0.0.0_8080', '8080']],
    ['the port of the scheme', http('GET http://web.other/'), [80, 'scheme', '0.0.0.0_80', '80']],
    ['the port that the host has', http('GET http://cart/'), [8080, 'host', '0.0.0.0_8080', '8080']],
    ['the first port of HTTP that the host has', http('GET http://both/'), [8081, 'host', '0.0.0.0_8081', '8081']],
    ['the port of a host without HTTP', http('GET http://db/'), [3306, 'host', '10.0.0.2_3306', undefined]],
    ['the port of the scheme, of TLS', http('GET https://cart/'), [443, 'scheme', 'virtualOutbound', undefined]],
    ['the port of the scheme where nobody has the host', http('GET http://nosuch/'), [80, 'scheme', '0.0.0.0_80', '80']],
    ['a name that is not the Host header', http('GET http://cart/', { host: 'web.other' }), [80, 'scheme', '0.0.0.0_80', '80']],
    ['a listener of one service', http('GET http://any:9999/'), [9999, 'authority', '10.0.0.3_9999', 'any.shop.svc.cluster.local:9999']],
    ['an address', http('GET http://10.0.0.3:9999/'), [9999, 'authority', '10.0.0.3_9999', 'any.shop.svc.cluster.local:9999']],
    ['TCP by name', { kind: 'tcp', host: 'db', port: 3306 }, [3306, 'request', '10.0.0.2_3306', undefined]],
    ['TCP by a full name', { kind: 'tcp', host: 'db.shop.svc.cluster.local', port: 3306 }, [3306, 'request', '10.0.0.2_3306', undefined]],
    ['TCP by address', { kind: 'tcp', address: '10.0.0.2', port: 3306 }, [3306, 'request', '10.0.0.2_3306', undefined]],
    ['TCP to nowhere', { kind: 'tcp', host: 'nosuch', port: 3306 }, [3306, 'request', 'virtualOutbound', undefined]],
  ])('%s', (_, request, expected) => expect(entryOf(request)).toEqual(expected));

  it.each<[string, SimulatedTcpRequest, string, string[]]>([
    ['a service', { kind: 'tcp', host: 'db', port: 3306 }, 'tcp', ['db.shop.svc.cluster.local 100 (no-endpoints)']],
    ['bytes to a port of HTTP', { kind: 'tcp', host: 'cart', port: 8080 }, 'passthrough', ['PassthroughCluster 100']],
    ['no service', { kind: 'tcp', host: 'nosuch', port: 1 }, 'passthrough', ['PassthroughCluster 100']],
  ])('TCP: %s', (_, request, kind, destinations) => {
    const simulation = simulate(table, request);
    expect(simulation.outcome.kind).toBe(kind);
    expect(shares(simulation)).toEqual(destinations);
  });
});

describe('at a gateway', () => {
  const gateway = (servers: string) => doc('Gateway', 'edge/gw', `selector: {istio: ingress}, servers: [${servers}]`);
  const inFront = doc('Service', 'edge/ingress', 'selector: {istio: ingress}, ports: [{name: http, port: 80, targetPort: 8080}]');
  const plain = '{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]';
  const tls = '{port: {number: 443, name: https, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: c}}';
  const routed = doc('VirtualService', 'shop/cart', `hosts: [cart.example], gateways: [edge/gw], http: [{${to('cart')}}]`);
  const at = (servers: string, request: SimulatedHttpRequest, more: string[] = []): Simulation =>
    simulate(tableOf([...running, routed, gateway(servers), ...more], { proxy: gatewayProxy }), request);
  it.each<[string, Simulation, Record<string, unknown>]>([
    ['a host of it', at(`${plain}}`, http('GET http://cart.example/')), { kind: 'routed' }],
    ['the port of the Service in front of it', at(`${plain}}`, http('GET http://cart.example/'), [inFront]), { kind: 'routed' }],
    ['another host', at(`${plain}}`, http('GET http://other.example/')), { kind: 'no-route', why: 'no-virtual-host', reply: { status: 404 } }],
    ['another port', at(`${plain}}`, http('GET http://cart.example:81/')), { kind: 'no-listener' }],
    [
      'a redirect to TLS',
      at(`${plain}, tls: {httpsRedirect: true}}`, http('GET http://cart.example/a?b')),
      { kind: 'tls-redirect', location: 'https://cart.example/a?b' },
    ],
    ['a redirect to TLS, behind a proxy that had it', at(`${plain}, tls: {httpsRedirect: true}}`, http('GET http://cart.example/')), { kind: 'tls-redirect' }],
    ['TLS', at(tls, http('GET https://cart.example/')), { kind: 'routed' }],
    ['a port of TLS without it', at(tls, http('GET http://cart.example:443/')), { kind: 'tls-expected' }],
  ])('%s', (_, { outcome }, expected) => expect(outcome).toMatchObject(expected));

  it('TLS ends there', () => {
    expect(at(tls, http('GET https://cart.example/'))).toMatchObject({ entry: { chain: { tls: 'SIMPLE' } }, request: { scheme: 'https' } });
  });
});

describe('headers', () => {
  const ops = '{headers: {request: {set: {x-set: "%REQ(:path)%"}, add: {x-add: route}, remove: [x-gone]}, response: {remove: [x-old]}}, route: [@]}';
  const to2 = (header: string) =>
    `{destination: {host: cart, subset: v1}, weight: 50, headers: {request: {${header}}}}, {destination: {host: cart, subset: v2}, weight: 50}`;
  it('are changed level by level, removes before sets before adds', () => {
    const { destinations, responseHeaders } = asked(ops.replace('@', to2('add: {x-add: destination}')), 'GET http://cart/p?q', { headers: [['X-Gone', 'g']] });
    expect(destinations[0]?.sees?.changes.map(({ op, name, value, level }) => `${level} ${op} ${name}${value === undefined ? '' : `: ${value}`}`)).toEqual([
      'destination add x-add: destination',
      'route remove x-gone',
      'route set x-set: /p?q',
      'route add x-add: route',
    ]);
    expect(destinations[0]?.sees?.headers.filter(([name]) => /^x-(set|add|gone)$/.test(name))).toEqual([
      ['x-add', 'destination'],
      ['x-set', '/p?q'],
      ['x-add', 'route'],
    ]);
    expect(destinations[1]?.sees?.changes.map(({ level }) => level)).toEqual(['route', 'route', 'route']);
    expect(responseHeaders).toMatchObject([{ op: 'remove', name: 'x-old', level: 'route' }]);
  });

  it('have no value that the request does not decide, and none that is not changed', () => {
    const { destinations } = asked(
      '{headers: {request: {set: {x-time: "%START_TIME%", host: other, connection: close}}}, route: [{destination: {host: cart}}]}',
    );
    const [change, ...others] = destinations[0]?.sees?.changes ?? [];
    expect(change).toMatchObject({ name: 'x-time', format: '%START_TIME%' });
    expect(change).not.toHaveProperty('value');
    expect(others).toEqual([]);
  });

  it('path and authority are what the destination sees', () => {
    const { destinations } = asked(`{match: [{uri: {prefix: /api/}}], rewrite: {uri: /, authority: inner}, ${to('cart')}}`, 'GET http://cart/api/x?y=1');
    expect(destinations[0]?.sees).toMatchObject({ path: '/x?y=1', authority: 'inner' });
  });

  it('a hash makes a cookie, and says whether there was something to hash', () => {
    const byCookie = rule('host: cart, trafficPolicy: {loadBalancer: {consistentHash: {httpCookie: {name: c, ttl: 60s}}}}', 'hash');
    const table = tableOf([...running, byCookie, vs('shop/cart', 'cart', `http: [{${to('cart')}}]`)]);
    const { forwarding } = simulate(table, http('GET http://cart/'));
    expect(forwarding).toMatchObject({ hash: [{ value: { kind: 'cookie', name: 'c' } }], hashed: true });
    expect(forwarding?.cookies).toHaveLength(1);
    expect(simulate(table, http('GET http://cart/', { headers: [['cookie', 'c=1']] })).forwarding?.cookies).toEqual([]);
  });
});

describe('retries', () => {
  const with5xx = `{retries: {attempts: 3, perTryTimeout: 1s, retryOn: "5xx"}, ${to('cart')}}`;
  it.each<[string, Simulation, Record<string, unknown> | undefined]>([
    ['the default', asked(`{${to('cart')}}`), { onAnswer: false, onReset: false, onConnectFailure: true, onPerTryTimeout: false, idempotent: true }],
    [
      'the default, of gRPC',
      asked(`{${to('cart')}}`, 'POST http://cart/', { headers: [['content-type', 'application/grpc']] }),
      { onAnswer: true, idempotent: false },
    ],
    ['of 5xx', asked(with5xx, 'POST http://cart/'), { onAnswer: true, onReset: true, onPerTryTimeout: true, idempotent: false }],
    ['of a body that is too long', asked(with5xx, 'PUT http://cart/', { bodyBytes: 2 ** 20 + 1 }), { never: 'body-too-big', idempotent: true }],
    ['of a body that fits', asked(with5xx, 'PUT http://cart/', { bodyBytes: 2 ** 20 }), { idempotent: true }],
    [
      'of an upgrade',
      asked(with5xx, 'GET http://cart/', {
        headers: [
          ['Connection', 'Upgrade'],
          ['Upgrade', 'websocket'],
        ],
      }),
      { never: 'upgrade' },
    ],
    ['none', asked(`{retries: {attempts: 0}, ${to('cart')}}`), undefined],
  ])('%s', (_, { forwarding }, expected) => {
    if (expected) expect(forwarding?.retry).toMatchObject(expected);
    else expect(forwarding).not.toHaveProperty('retry');
  });
});

describe('what else takes part', () => {
  const filter = (name: string, patch: string): string =>
    doc('EnvoyFilter', name, `configPatches: [${patch}]`).replace('networking.istio.io/v1', 'networking.istio.io/v1alpha3');
  const removes = (applyTo: string, match: string): string => `{applyTo: ${applyTo}, match: {${match}}, patch: {operation: REMOVE}}`;
  const anyFilter = 'filterChain: {filter: {name: envoy.filters.network.http_connection_manager, subFilter: {name: x}}}';
  it.each<[string, string, boolean]>([
    ['a filter of all listeners', removes('HTTP_FILTER', `context: SIDECAR_OUTBOUND, listener: {${anyFilter}}`), true],
    ['a filter of requests that come in', removes('HTTP_FILTER', `context: SIDECAR_INBOUND, listener: {${anyFilter}}`), false],
    ['a filter of a gateway', removes('HTTP_FILTER', `context: GATEWAY, listener: {${anyFilter}}`), false],
    ['a filter of the port', removes('HTTP_FILTER', `context: ANY, listener: {portNumber: 80, ${anyFilter}}`), true],
    ['a filter of another port', removes('HTTP_FILTER', `context: ANY, listener: {portNumber: 81, ${anyFilter}}`), false],
    ['the routes of the port', removes('HTTP_ROUTE', 'context: ANY, routeConfiguration: {name: "80"}'), true],
    ['other routes', removes('HTTP_ROUTE', 'context: ANY, routeConfiguration: {name: "81"}'), false],
    ['the cluster', removes('CLUSTER', 'context: ANY, cluster: {service: cart.shop.svc.cluster.local}'), true],
    ['the cluster of a subset', removes('CLUSTER', 'context: ANY, cluster: {subset: v1}'), false],
  ])('EnvoyFilter: %s', (_, patch, touches) => {
    const { envoyFilters } = simulate(tableOf([...running, filter('shop/f', patch)]), http('GET http://cart/'));
    expect(envoyFilters.map(({ origin }) => origin.name)).toEqual(touches ? ['f'] : []);
  });

  it('problems of the rule that is taken, not of other rules', () => {
    const rules = `{match: [{uri: {prefix: /a}}], ${to('cart, subset: v8')}}, {${to('cart, subset: v9')}}`;
    const said = (path: string): string[] => asked(rules, `GET http://cart${path}`).problems.map(({ message }) => /subset (\w+)/.exec(message)?.[1] ?? message);
    expect([said('/a'), said('/b')]).toEqual([['v8'], ['v9']]);
  });

  it('the trail says of each rule before why not', () => {
    const rules =
      '{name: a, match: [{uri: {exact: /a}}], directResponse: {status: 200}}, {name: b, match: [{headers: {x: {exact: "1"}}}], directResponse: {status: 200}}';
    const { trail } = asked(`${rules}, {name: c, ${to('cart')}}, {name: d, ${to('cart')}}`);
    expect(trail?.routes.map(({ name, failed }) => [name, failed?.kind])).toEqual([
      ['a', 'path'],
      ['b', 'header'],
      ['c', undefined],
    ]);
    expect(trail).toMatchObject({ chosen: 2, virtualHost: { domain: 'cart', form: 'exact', origin: { kind: 'VirtualService', name: 'cart' } } });
  });
});

it('the same simulator says the same again', () => {
  const simulator = new Simulator(tableOf([...running, subsets, vs('shop/cart', 'cart', `http: [{${to('cart')}, mirror: {host: cart, subset: v2}}]`)]));
  const first = simulator.simulate(http('POST http://cart/'));
  simulator.simulate(http('GET http://example.com/'));
  expect(simulator.simulate(http('POST http://cart/'))).toEqual(first);
});
