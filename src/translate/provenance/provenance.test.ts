import { describe, expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import { type ClusterField, type HeaderOperation, type RouteField, type Source, tableProvenance } from '../../ir/provenance.ts';
import type { Route, VirtualHost } from '../../ir/route.ts';
import type { Origin } from '../../ir/table.ts';
import { formatPath } from '../../manifest/problem.ts';
import { Resource } from '../../manifest/resource.ts';
import { Mesh } from '../../model/mesh.ts';
import { cart, pods, proxyIn, rule } from '../clusters/testing.ts';
import { routingTable } from '../table.ts';
import { doc, type TableTest, vs } from '../testing.ts';
import { provenanceOf } from './provenance.ts';

function placeText({ kind, name, path }: Origin): string {
  return `${kind.replace(/^.*\//, '')} ${name}${path.length > 0 ? ` ${formatPath(path)}` : ''}`;
}

/** `VirtualService cart spec.http[0].timeout`, `default`, `mesh connectTimeout`. */
function text(source: Source): string {
  return source.kind === 'written' ? placeText(source.origin) : source.kind === 'mesh' ? `mesh ${source.field}` : source.kind;
}

/** Of what is written; over `cluster`, whose resources are written nowhere. */
function world(documents: readonly string[], options: TableTest = {}, cluster: readonly string[] = []) {
  const written = meshOf([cart, ...documents].join('---\n'), options);
  const kinds = ['Pod', 'Deployment', 'Service', 'DestinationRule', 'VirtualService', 'ServiceEntry'];
  const of = (mesh: Mesh): Resource[] => kinds.flatMap((kind) => mesh.list(kind));
  const unwritten = of(meshOf(cluster.join('---\n'))).map(({ raw, kindName, namespace }) => new Resource(raw, kindName, namespace, undefined));
  const mesh = cluster.length > 0 ? new Mesh([...of(written), ...unwritten], written.options) : written;
  const proxy = proxyIn('shop');
  const table = routingTable(mesh, proxy);
  const host = table.routes.find(({ name }) => name === '80')?.virtualHosts.find(({ name }) => name.startsWith('cart.')) as VirtualHost;
  const provenance = provenanceOf(mesh, proxy);
  return {
    field: (field: RouteField, route = 0) => text(provenance.route(host.routes[route] as Route, host, field)),
    destination: (index: number, route = 0) => text(provenance.destination(host.routes[route] as Route, host, index)),
    mirror: (index: number) => text(provenance.mirror(host.routes[0] as Route, host, index)),
    header: (operation: HeaderOperation) => text(provenance.header(host.routes[0] as Route, host, operation)),
    unweighted: () => provenance.unweighted(host.routes[0] as Route, host).map(({ cluster, source }) => `${cluster} ${text(source)}`),
    cluster: (name: string, field: ClusterField) => {
      const found = table.clusters.find((one) => one.name === name);
      if (!found) throw new Error(`no cluster ${name}`);
      return text(provenance.cluster(found, field));
    },
    expected: (name: string) => {
      const found = provenance.expected(table.clusters.find((one) => one.name === name) as (typeof table.clusters)[number]);
      return found && { ...found, ...(found.workloads ? { workloads: found.workloads.map(placeText) } : {}) };
    },
  };
}

const route = 'route: [{destination: {host: cart}}]';
const whole = 'outbound|80||cart.shop.svc.cluster.local';
const v1 = 'outbound|80|v1|cart.shop.svc.cluster.local';

describe('a rule of a virtual service', () => {
  const full = `{match: [{uri: {prefix: /a}}], timeout: 1s, retries: {attempts: 2, perTryTimeout: 1s}, rewrite: {uri: /b}, corsPolicy: {}, fault: {delay: {fixedDelay: 1s}, abort: {httpStatus: 500}}, ${route}}`;
  const of = world([
    vs(
      'shop/cart',
      'cart',
      `http: [${full}, {match: [{uri: {exact: /r}}], redirect: {uri: /x}}, {match: [{uri: {exact: /d}}], directResponse: {status: 200}}, {${route}}]`,
    ),
  ]);
  it.each<[RouteField, number, string]>([
    ['timeout', 0, 'VirtualService cart spec.http[0].timeout'],
    ['retries', 0, 'VirtualService cart spec.http[0].retries'],
    ['retries.attempts', 0, 'VirtualService cart spec.http[0].retries.attempts'],
    ['retries.perTryTimeout', 0, 'VirtualService cart spec.http[0].retries.perTryTimeout'],
    ['retries.retryOn', 0, 'default'],
    ['rewrite', 0, 'VirtualService cart spec.http[0].rewrite'],
    ['cors', 0, 'VirtualService cart spec.http[0].corsPolicy'],
    ['fault.delay', 0, 'VirtualService cart spec.http[0].fault.delay'],
    ['fault.abort', 0, 'VirtualService cart spec.http[0].fault.abort'],
    ['redirect', 1, 'VirtualService cart spec.http[1].redirect'],
    ['directResponse', 2, 'VirtualService cart spec.http[2].directResponse'],
    ['timeout', 3, 'default'],
    ['retries.attempts', 3, 'default'],
  ])('%s of rule %i: %s', (field, index, expected) => expect(of.field(field, index)).toBe(expected));

  it('retries that the mesh configuration sets', () => {
    const mesh = { meshConfig: { defaultHttpRetryPolicy: { attempts: 5 } } };
    const rules = `http: [{match: [{uri: {prefix: /a}}], retries: {attempts: 1}, ${route}}, {${route}}]`;
    const configured = world([vs('shop/cart', 'cart', rules)], mesh);
    expect(configured.field('retries.attempts', 1)).toBe('mesh defaultHttpRetryPolicy');
    expect(configured.field('retries.attempts', 0)).toBe('VirtualService cart spec.http[0].retries.attempts');
    expect(configured.field('retries.retryOn', 0)).toBe('default');
  });

  it('destinations that get anything, and those that get nothing', () => {
    const to = (subset: string, weight: number): string => `{destination: {host: cart, subset: ${subset}}, weight: ${weight}}`;
    const weighted = world([vs('shop/cart', 'cart', `http: [{route: [${to('a', 0)}, ${to('b', 1)}, null, ${to('c', 3)}]}]`)]);
    expect([weighted.destination(0), weighted.destination(1)]).toEqual([
      'VirtualService cart spec.http[0].route[1]',
      'VirtualService cart spec.http[0].route[3]',
    ]);
    expect(weighted.unweighted()).toEqual(['outbound|80|a|cart.shop.svc.cluster.local VirtualService cart spec.http[0].route[0]']);
    expect(world([vs('shop/cart', 'cart', `http: [{route: [${to('a', 0)}]}]`)]).unweighted()).toEqual([]);
  });

  it('mirrors that get anything', () => {
    const list = 'mirrors: [{destination: {host: cart}, percentage: {value: 0}}, {destination: {host: cart}}]';
    expect(world([vs('shop/cart', 'cart', `http: [{${route}, mirror: {host: cart}}]`)]).mirror(0)).toBe('VirtualService cart spec.http[0].mirror');
    expect(world([vs('shop/cart', 'cart', `http: [{${route}, ${list}}]`)]).mirror(0)).toBe('VirtualService cart spec.http[0].mirrors[1]');
  });

  it('headers of the rule and of its destinations', () => {
    const own = 'headers: {request: {set: {X-A: "1"}, remove: [x-r]}}';
    const two = `route: [{destination: {host: cart}, weight: 1, headers: {response: {add: {x-b: "1"}}}}, {destination: {host: cart}, weight: 1}]`;
    const of2 = world([vs('shop/cart', 'cart', `http: [{${own}, ${two}}]`)]);
    expect(of2.header({ message: 'request', op: 'set', name: 'x-a' })).toBe('VirtualService cart spec.http[0].headers.request.set.X-A');
    expect(of2.header({ message: 'request', op: 'remove', name: 'x-r' })).toBe('VirtualService cart spec.http[0].headers.request.remove[0]');
    expect(of2.header({ message: 'response', op: 'add', name: 'x-b', destination: 0 })).toBe(
      'VirtualService cart spec.http[0].route[0].headers.response.add.x-b',
    );
    // Of an only destination they are the rule's in the table.
    const one = world([vs('shop/cart', 'cart', `http: [{route: [{destination: {host: cart}, headers: {request: {add: {x-b: "1"}}}}]}]`)]);
    expect(one.header({ message: 'request', op: 'add', name: 'x-b' })).toBe('VirtualService cart spec.http[0].route[0].headers.request.add.x-b');
  });
});

it('a delegate, and the rule that delegates to it', () => {
  const of = world([
    vs('shop/cart', 'cart', 'http: [{match: [{uri: {prefix: /a}}], timeout: 9s, retries: {attempts: 1}, delegate: {name: part, namespace: shop}}]'),
    doc('VirtualService', 'shop/part', `http: [{retries: {attempts: 7}, ${route}}]`),
  ]);
  expect([of.field('timeout'), of.field('retries.attempts'), of.destination(0)]).toEqual([
    'VirtualService cart spec.http[0].timeout',
    'VirtualService part spec.http[0].retries.attempts',
    'VirtualService part spec.http[0].route[0]',
  ]);
});

describe('a route of the Gateway API', () => {
  const parent = 'parentRefs: [{group: "", kind: Service, name: cart, port: 80}]';
  const filters = [
    '{type: RequestMirror, requestMirror: {backendRef: {name: cart, port: 80}}}',
    '{type: URLRewrite, urlRewrite: {hostname: x}}',
    '{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-a, value: "1"}], remove: [x-r]}}',
  ];
  const of = world([
    doc('HTTPRoute', 'shop/r', `${parent}, rules: [{timeouts: {request: 1s}, filters: [${filters.join(', ')}], backendRefs: [{name: cart, port: 80}]}]`),
  ]);
  it.each<[string, string, string]>([
    ['timeout', of.field('timeout'), 'HTTPRoute r spec.rules[0].timeouts.request'],
    ['rewrite', of.field('rewrite'), 'HTTPRoute r spec.rules[0].filters[1]'],
    ['retries', of.field('retries.attempts'), 'default'],
    ['destination', of.destination(0), 'HTTPRoute r spec.rules[0].backendRefs[0]'],
    ['mirror', of.mirror(0), 'HTTPRoute r spec.rules[0].filters[0]'],
    ['a header that is set', of.header({ message: 'request', op: 'set', name: 'x-a' }), 'HTTPRoute r spec.rules[0].filters[2].requestHeaderModifier.set[0]'],
    [
      'a header that is removed',
      of.header({ message: 'request', op: 'remove', name: 'x-r' }),
      'HTTPRoute r spec.rules[0].filters[2].requestHeaderModifier.remove[0]',
    ],
  ])('%s', (_, found, expected) => expect(found).toBe(expected));
});

describe('a cluster', () => {
  const limits =
    'trafficPolicy: {connectionPool: {tcp: {maxConnections: 1, connectTimeout: 1s}, http: {http2MaxRequests: 2}}, outlierDetection: {interval: 1s}}';
  const ofSubset = 'subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {connectionPool: {tcp: {maxConnections: 5}}, tls: {mode: DISABLE}}}]';
  const of = world([rule(`host: cart, ${limits}, ${ofSubset}`)]);
  it.each<[string, ClusterField, string]>([
    [whole, 'maxConnections', 'DestinationRule cart spec.trafficPolicy.connectionPool.tcp.maxConnections'],
    [whole, 'maxRequests', 'DestinationRule cart spec.trafficPolicy.connectionPool.http.http2MaxRequests'],
    [whole, 'connectTimeout', 'DestinationRule cart spec.trafficPolicy.connectionPool.tcp.connectTimeout'],
    [whole, 'outlier.interval', 'DestinationRule cart spec.trafficPolicy.outlierDetection.interval'],
    [whole, 'outlier.baseEjectionTime', 'default'],
    [whole, 'tls', 'default'],
    [whole, 'protocol', 'Service cart spec.ports[0]'],
    // A block of the subset replaces that of the host as a whole (DR-R11).
    [v1, 'maxConnections', 'DestinationRule cart spec.subsets[0].trafficPolicy.connectionPool.tcp.maxConnections'],
    [v1, 'connectTimeout', 'default'],
    [v1, 'outlier.interval', 'DestinationRule cart spec.trafficPolicy.outlierDetection.interval'],
    [v1, 'tls', 'DestinationRule cart spec.subsets[0].trafficPolicy.tls.mode'],
  ])('%s: %s is of %s', (cluster, field, expected) => expect(of.cluster(cluster, field)).toBe(expected));

  it('a port of its own stands alone', () => {
    const ported = world([
      rule(
        'host: cart, trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}, portLevelSettings: [{port: {number: 80}, connectionPool: {http: {maxRetries: 3}}}]}',
      ),
    ]);
    expect([ported.cluster(whole, 'maxConnections'), ported.cluster(whole, 'maxRetries')]).toEqual([
      'default',
      'DestinationRule cart spec.trafficPolicy.portLevelSettings[0].connectionPool.http.maxRetries',
    ]);
  });

  it('the rule of several that wins', () => {
    const several = world([
      rule('host: cart, trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}', 'first'),
      rule('host: cart, trafficPolicy: {connectionPool: {tcp: {maxConnections: 2}}}, subsets: [{name: v1, labels: {version: v1}}]', 'second'),
    ]);
    expect([several.cluster(whole, 'maxConnections'), several.cluster(v1, 'maxConnections')]).toEqual([
      'DestinationRule first spec.trafficPolicy.connectionPool.tcp.maxConnections',
      'DestinationRule first spec.trafficPolicy.connectionPool.tcp.maxConnections',
    ]);
  });

  it('what the mesh configuration says for all', () => {
    expect(world([], { meshConfig: { connectTimeout: '3s' } }).cluster(whole, 'connectTimeout')).toBe('mesh connectTimeout');
  });

  it('a hash is of the destination rule', () => {
    const hashed = world([
      rule('host: cart, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x}}}'),
      vs('shop/cart', 'cart', `http: [{${route}}]`),
    ]);
    expect(hashed.field('hash')).toBe('DestinationRule cart spec.trafficPolicy.loadBalancer.consistentHash');
  });
});

describe('endpoints that are to come', () => {
  const deployment = (name: string, version: string, replicas = ''): string =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: shop}\nspec: {${replicas}template: {metadata: {labels: {app: cart, version: ${version}}}}}\n`;
  const subsets = rule('host: cart, subsets: [{name: v1, labels: {version: v1}}]');
  const files = { preset: 'recommended' as const };
  const overCluster = { ...files, known: new Set(['Pod', 'Service', 'Deployment']) };
  it.each<[string, ReturnType<typeof world>, string, unknown]>([
    ['a Deployment', world([deployment('a', 'v2', 'replicas: 3, ')], files), whole, { workloads: ['Deployment a'], pods: 3 }],
    ['one that does not say how many', world([deployment('a', 'v2')], files), whole, { workloads: ['Deployment a'] }],
    [
      'of a subset',
      world([deployment('a', 'v1', 'replicas: 1, '), deployment('b', 'v2', 'replicas: 3, '), subsets], files),
      v1,
      { workloads: ['Deployment a'], pods: 1 },
    ],
    ['a subset that nobody has the labels of', world([deployment('b', 'v2', 'replicas: 3, '), subsets], files), v1, { workloads: [], pods: 0 }],
    ['no workloads at all', world([], files), whole, {}],
    ['a Service without a selector', world([doc('Service', 'shop/other', 'ports: [{port: 80}]')], files), 'outbound|80||other.shop.svc.cluster.local', {}],
    [
      'a ServiceEntry without a selector',
      world([doc('ServiceEntry', 'shop/entry', 'hosts: [entry.example], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}]')], files),
      'outbound|80||entry.example',
      undefined,
    ],
    ['pods of a cluster', world([], overCluster, [pods('v1')]), whole, undefined],
    ['a Deployment over a cluster', world([deployment('a', 'v2', 'replicas: 3, ')], overCluster), whole, { workloads: ['Deployment a'], pods: 3 }],
    ['a Deployment of the cluster without pods', world([], overCluster, [deployment('a', 'v2', 'replicas: 3, ')]), whole, undefined],
    ['a Deployment over a cluster whose pods are not ready', world([deployment('a', 'v2', 'replicas: 3, ')], overCluster, [pods('v2')]), whole, undefined],
    ['a Deployment over a cluster, for no pods', world([deployment('a', 'v2', 'replicas: 0, ')], overCluster), whole, undefined],
    ['a Deployment over a cluster, of another subset', world([deployment('b', 'v2', 'replicas: 3, '), subsets], overCluster), v1, undefined],
  ])('%s', (_, of, cluster, expected) => expect(of.expected(cluster)).toEqual(expected));
});

it('a table alone knows the objects', () => {
  const mesh = meshOf(
    [cart, rule('host: cart, trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}'), vs('shop/cart', 'cart', `http: [{${route}, timeout: 1s}]`)].join(
      '---\n',
    ),
  );
  const table = routingTable(mesh, proxyIn('shop'));
  const host = table.routes[0]?.virtualHosts[0] as VirtualHost;
  const cluster = table.clusters.find(({ name }) => name === whole) as (typeof table.clusters)[number];
  expect([text(tableProvenance.route(host.routes[0] as Route, host, 'timeout')), text(tableProvenance.cluster(cluster, 'maxConnections'))]).toEqual([
    'VirtualService cart spec.http[0]',
    'DestinationRule cart spec.trafficPolicy',
  ]);
});
