// Random objects of every kind that tables are made of: few names, so that things meet.
import fc, { type Arbitrary } from 'fast-check';
import { type RawObject, Resource } from '../../../manifest/resource.ts';
import { authenticationSpec, authorizationSpec, peerAuthenticationSpec } from '../../security/testing.ts';

export interface TestObject {
  /** Name of the kind as in src/manifest/kinds.ts. */
  kind: string;
  name: string;
  namespace: string;
  meta?: Record<string, unknown>;
  spec?: unknown;
  more?: Record<string, unknown>;
}

type Fields = Record<string, Arbitrary<unknown>>;

const of = fc.constantFrom;
const some = (fields: Fields, required: string[] = []): Arbitrary<Record<string, unknown>> => fc.record(fields, { requiredKeys: required });
const list = (item: Arbitrary<unknown>, most = 2, least = 0): Arbitrary<unknown[]> => fc.array(item, { maxLength: most, minLength: least });

const namespace = of('shop', 'shop', 'shop', 'pay', 'istio-system');
const app = of('a', 'b');
const version = of('v1', 'v2');
const service = of('a', 'b', 'c');
const serviceHost = fc.tuple(service, of('shop', 'pay')).map(([name, ns]) => `${name}.${ns}.svc.cluster.local`);
const outsideHost = of('ext.example.com', '*.example.com', 'other.example.org');
const host = fc.oneof({ weight: 3, arbitrary: serviceHost }, service, outsideHost);
const labels = some({ app, version });
const selector = fc.oneof(
  { weight: 3, arbitrary: app.map((value) => ({ app: value })) },
  fc.tuple(app, version).map(([a, v]) => ({ app: a, version: v })),
);
const exportTo = fc.option(of(['.'], ['*'], ['pay'], ['shop', 'pay']), { nil: undefined, freq: 2 });
const portNumber = of(80, 90, 443, 8080);
const locality = of('r1/z1', 'r1/z2', 'r2/z1', '');

const destination = fc
  .tuple(host, fc.option(version, { nil: undefined }), fc.option(portNumber, { nil: undefined }))
  .map(([to, subset, port]) => ({ host: to, ...(subset ? { subset } : {}), ...(port ? { port: { number: port } } : {}) }));
const routes = fc.oneof(
  destination.map((to) => [{ destination: to }]),
  fc.tuple(destination, destination).map(([x, y]) => [
    { destination: x, weight: 60 },
    { destination: y, weight: 40 },
  ]),
);
const gateways = list(of('mesh', 'shop/gw', 'gw', 'pay/missing'), 2, 1);
const httpMatch = some({
  uri: of({ prefix: '/' }, { prefix: '/a' }, { exact: '/b' }, { regex: '/(' }, { regex: '/c.*' }),
  headers: of({ 'x-user': { exact: 'u' } }),
  sourceLabels: selector,
  sourceNamespace: of('shop', 'pay'),
  port: portNumber,
  gateways,
});
const httpRoute = fc
  .tuple(
    some({ name: of('r', 's'), match: list(httpMatch), timeout: of('1s'), mirror: destination, retries: of({ attempts: 1 }) }),
    fc.oneof(
      { weight: 4, arbitrary: routes.map((route) => ({ route })) },
      of({ redirect: { uri: '/z' } }, { directResponse: { status: 404 } }, {}),
      of('d1', 'd2').map((name) => ({ delegate: { name, namespace: 'shop' } })),
    ),
  )
  .map(([more, action]) => ('delegate' in action ? { ...(more.match ? { match: more.match } : {}), ...action } : { ...more, ...action }));
const l4Match = some({ port: portNumber, sourceLabels: selector, destinationSubnets: of(['10.0.0.0/8']), gateways });

const virtualService = some(
  {
    hosts: fc.uniqueArray(fc.oneof({ weight: 5, arbitrary: host }, of('*.svc.cluster.local', '*')), { minLength: 1, maxLength: 2 }),
    gateways,
    http: list(httpRoute, 3, 1),
    tcp: list(
      fc.tuple(list(l4Match), routes).map(([match, route]) => ({ match, route })),
      1,
    ),
    tls: list(
      fc.tuple(of('ext.example.com', '*.example.com'), portNumber, routes).map(([sni, port, route]) => ({ match: [{ sniHosts: [sni], port }], route })),
      1,
    ),
    exportTo,
  },
  ['hosts', 'http'],
);

const trafficSettings: Fields = {
  connectionPool: of({ tcp: { maxConnections: 1 } }, { tcp: { maxConnections: 2, idleTimeout: '5s' } }),
  outlierDetection: of({ consecutive5xxErrors: 3 }),
  tls: of({ mode: 'ISTIO_MUTUAL' }, { mode: 'DISABLE' }, { mode: 'SIMPLE' }),
  loadBalancer: of(
    { simple: 'PASSTHROUGH' },
    { simple: 'RANDOM' },
    { consistentHash: { httpHeaderName: 'x-user' } },
    { consistentHash: { useSourceIp: true } },
    { localityLbSetting: { distribute: [{ from: 'r1/*', to: { 'r1/*': 80, 'r2/*': 20 } }] } },
    { localityLbSetting: { failoverPriority: ['topology.kubernetes.io/region', 'version'] } },
  ),
};
const outlier = { outlierDetection: { consecutive5xxErrors: 3 } };
const written = some({
  ...trafficSettings,
  portLevelSettings: list(some({ ...trafficSettings, port: portNumber.map((number) => ({ number })) }, ['port']), 1),
});
const trafficPolicy = fc.oneof(
  { weight: 4, arbitrary: written },
  of({ ...outlier, loadBalancer: { localityLbSetting: { failoverPriority: ['version'] } } }, { ...outlier, loadBalancer: { localityLbSetting: {} } }),
);
const destinationRule = some(
  {
    host: fc.oneof({ weight: 4, arbitrary: host }, of('*.shop.svc.cluster.local', '*.local')),
    trafficPolicy,
    subsets: fc.uniqueArray(
      fc.tuple(version, trafficPolicy).map(([name, policy]) => ({ name, labels: { version: name }, trafficPolicy: policy })),
      { maxLength: 2, selector: ({ name }) => name },
    ),
    workloadSelector: fc.option(
      selector.map((matchLabels) => ({ matchLabels })),
      { nil: undefined, freq: 2 },
    ),
    exportTo,
  },
  ['host'],
);

const servicePort = of(
  { name: 'http', port: 80 },
  { name: 'http', port: 80, targetPort: 8080 },
  { name: 'http-web', port: 8080, targetPort: 'web' },
  { name: 'tcp', port: 90 },
  { name: 'https', port: 443 },
  { name: 'any', port: 9000 },
);
const serviceSpec = some(
  {
    clusterIP: of('10.9.0.1', '10.9.0.2', '10.9.0.3', 'None'),
    selector,
    ports: fc.uniqueArray(servicePort, { minLength: 1, maxLength: 3, selector: ({ port }) => port }),
    trafficDistribution: fc.option(of('PreferClose', 'PreferSameNode'), { nil: undefined, freq: 1 }),
    internalTrafficPolicy: fc.option(of('Local'), { nil: undefined, freq: 1 }),
  },
  ['ports'],
);
const beforeGateway = of(8080, 'web').map((targetPort) => ({
  clusterIP: '10.9.0.9',
  selector: { istio: 'ingress' },
  ports: [{ name: 'http', port: 80, targetPort }],
}));
const alias = serviceHost.map((externalName) => ({ type: 'ExternalName', externalName }));

const address = of('10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4');
const workloadEntry = some({ address, labels, serviceAccount: of('one', 'two'), locality, weight: of(1, 5), ports: of({ http: 9080 }) }, ['address']);
const entryPort = of(
  { number: 80, name: 'http', protocol: 'HTTP' },
  { number: 443, name: 'tls', protocol: 'TLS' },
  { number: 90, name: 'tcp', protocol: 'TCP' },
  { number: 90, name: 'tcp', protocol: 'TCP', targetPort: 91 },
);
const serviceEntry = some(
  {
    hosts: fc.uniqueArray(fc.oneof(outsideHost, serviceHost), { minLength: 1, maxLength: 2 }),
    ports: fc.uniqueArray(entryPort, { minLength: 1, maxLength: 2, selector: ({ number }) => number }),
    resolution: of('NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'),
    location: of('MESH_INTERNAL', 'MESH_EXTERNAL'),
    addresses: of(['10.8.0.1'], ['10.8.0.0/24'], []),
    endpoints: list(workloadEntry),
    workloadSelector: selector.map((own) => ({ labels: own })),
    exportTo,
  },
  ['hosts', 'ports'],
);

const sidecar = some({
  workloadSelector: fc.option(
    selector.map((own) => ({ labels: own })),
    { nil: undefined, freq: 1 },
  ),
  egress: list(
    some(
      {
        hosts: list(of('./*', '*/*', 'shop/*', 'pay/a.pay.svc.cluster.local', '*/*.example.com'), 2, 1),
        port: portNumber.map((number) => ({ number, protocol: number === 90 ? 'TCP' : 'HTTP', name: 'p' })),
        bind: of('127.0.0.9'),
      },
      ['hosts'],
    ),
    2,
  ),
  ingress: list(
    portNumber.map((number) => ({ port: { number, protocol: 'HTTP', name: 'in' }, defaultEndpoint: '127.0.0.1:8080' })),
    1,
  ),
  outboundTrafficPolicy: of({ mode: 'REGISTRY_ONLY' }, { mode: 'ALLOW_ANY' }),
});

const server = fc
  .tuple(of('HTTP', 'HTTPS', 'TCP', 'TLS'), portNumber, host, of('SIMPLE', 'PASSTHROUGH', 'AUTO_PASSTHROUGH'))
  .map(([protocol, number, name, mode]) => ({
    port: { number, protocol, name: `p${number}` },
    hosts: [name.includes('.') ? name : '*'],
    ...(protocol === 'HTTPS' ? { tls: { mode: 'SIMPLE', credentialName: 'c' } } : protocol === 'TLS' ? { tls: { mode } } : {}),
  }));
const gateway = list(server, 3, 1).map((servers) => ({ selector: { istio: 'ingress' }, servers }));

const parentRef = fc.oneof(
  of({ name: 'api' }, { name: 'api', sectionName: 'http' }),
  service.map((name) => ({ group: '', kind: 'Service', name })),
  of({ group: '', kind: 'Service', name: 'a', port: 80 }, { group: 'networking.istio.io', kind: 'ServiceEntry', name: 'a' }),
);
const backendRef = fc
  .tuple(service, of(80, 90, undefined), of('shop', 'pay', undefined))
  .map(([name, port, own]) => ({ name, ...(port ? { port } : {}), ...(own ? { namespace: own } : {}) }));
const apiRoute = some(
  {
    parentRefs: list(parentRef, 2, 1),
    hostnames: list(of('ext.example.com', 'other.example.org'), 1),
    rules: list(some({ backendRefs: list(backendRef), matches: of([{ path: { type: 'PathPrefix', value: '/a' } }], [{ path: { value: '/' } }]) }), 2, 1),
  },
  ['parentRefs', 'rules'],
);
const apiGateway = list(
  fc.tuple(of('http', 'tls', 'tcp'), portNumber, of('All', 'Same', 'Selector')).map(([name, port, from]) => ({
    name,
    port,
    protocol: name.toUpperCase(),
    allowedRoutes: { namespaces: { from, ...(from === 'Selector' ? { selector: { matchLabels: { team: 'x' } } } : {}) } },
  })),
  2,
  1,
).map((listeners) => ({ gatewayClassName: 'istio', listeners }));

const pod = fc.record({
  labels: fc
    .tuple(app, version, fc.option(locality, { nil: undefined }))
    .map(([a, v, at]) => ({ app: a, version: v, ...(at ? { 'istio-locality': at.replace('/', '.') } : {}) })),
  spec: some(
    {
      nodeName: of('n1', 'n2'),
      serviceAccountName: of('one', 'two'),
      containers: of([], [{ name: 'app', ports: [{ name: 'web', containerPort: 8081 }] }], [{ name: 'istio-proxy', image: 'proxyv2' }]),
    },
    ['containers'],
  ),
  status: some({ podIP: address, phase: of('Running', 'Pending') }),
});
const sliceEndpoint = fc
  .tuple(address, fc.option(of('a-1', 'b-1', 'c-1'), { nil: undefined }), of('n1', 'n2', undefined), fc.boolean())
  .map(([at, name, nodeName, ready]) => ({
    addresses: [at],
    conditions: { ready },
    ...(nodeName ? { nodeName } : {}),
    ...(name ? { targetRef: { kind: 'Pod', name } } : {}),
  }));
const listedPorts = of(
  [{ name: 'http', port: 8080 }],
  [
    { name: 'http', port: 8080 },
    { name: 'tcp', port: 90 },
  ],
  [{ name: 'http-web' }],
);

function object(kind: string, name: Arbitrary<string>, spec: Arbitrary<unknown>, where: Arbitrary<string> = namespace): Arbitrary<TestObject> {
  return fc.tuple(name, where, spec, created).map(([own, ns, made, meta]) => ({ kind, name: own, namespace: ns, spec: made, meta }));
}

const created = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  of(1, 2).map((day) => ({ creationTimestamp: `2024-01-0${day}T00:00:00Z` })),
);

export const randomObject: Arbitrary<TestObject> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        object('Service', service, fc.oneof({ weight: 6, arbitrary: serviceSpec }, alias, beforeGateway)),
        fc.option(of('.', '*', 'pay'), { nil: undefined, freq: 1 }),
      )
      .map(([made, to]) => ({ ...made, meta: { ...made.meta, ...(to ? { annotations: { 'networking.istio.io/exportTo': to } } : {}) } })),
  },
  { weight: 6, arbitrary: object('VirtualService', of('a', 'b', 'c', 'e'), virtualService) },
  {
    weight: 1,
    arbitrary: object(
      'VirtualService',
      of('d1', 'd2'),
      list(httpRoute, 2, 1).map((http) => ({ http })),
      of('shop'),
    ),
  },
  { weight: 5, arbitrary: object('DestinationRule', service, destinationRule) },
  { weight: 2, arbitrary: object('ServiceEntry', of('a', 'b'), serviceEntry) },
  { weight: 1, arbitrary: object('WorkloadEntry', of('a', 'b'), workloadEntry) },
  {
    weight: 4,
    arbitrary: fc.tuple(of('a', 'b', 'c'), namespace, list(sliceEndpoint, 3), listedPorts, service).map(([name, ns, endpoints, ports, own]) => ({
      kind: 'EndpointSlice',
      name,
      namespace: ns,
      meta: { labels: { 'kubernetes.io/service-name': own } },
      more: { addressType: 'IPv4', ports, endpoints },
    })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(service, namespace, list(address)).map(([name, ns, addresses]) => ({
      kind: 'Endpoints',
      name,
      namespace: ns,
      more: { subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ name: 'http', port: 8080 }] }] },
    })),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(of('a-1', 'b-1', 'c-1', 'g'), namespace, pod).map(([name, ns, made]) => ({
      kind: 'Pod',
      name,
      namespace: ns,
      meta: { labels: made.labels },
      spec: made.spec,
      more: { status: made.status },
    })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(of('n1', 'n2'), of('r1', 'r2'), of('z1', 'z2')).map(([name, region, zone]) => ({
      kind: 'Node',
      name,
      namespace: '',
      meta: { labels: { 'topology.kubernetes.io/region': region, 'topology.kubernetes.io/zone': zone } },
    })),
  },
  { weight: 1, arbitrary: object('Gateway', of('gw', 'gw2'), gateway, of('shop')) },
  { weight: 1, arbitrary: object('Sidecar', of('a', 'b'), sidecar) },
  {
    weight: 1,
    arbitrary: object(
      'PeerAuthentication',
      of('a', 'b'),
      some({
        mtls: of('STRICT', 'DISABLE', 'PERMISSIVE').map((mode) => ({ mode })),
        selector: selector.map((matchLabels) => ({ matchLabels })),
        portLevelMtls: of({ 8080: { mode: 'DISABLE' } }),
      }),
    ),
  },
  { weight: 1, arbitrary: object('gateway-api/Gateway', of('api'), apiGateway, of('shop')) },
  { weight: 2, arbitrary: object('gateway-api/HTTPRoute', of('a', 'b'), apiRoute) },
  { weight: 1, arbitrary: object('gateway-api/TCPRoute', of('a'), apiRoute) },
  { weight: 1, arbitrary: object('gateway-api/TLSRoute', of('a'), apiRoute) },
  {
    weight: 1,
    arbitrary: object(
      'gateway-api/ReferenceGrant',
      of('a'),
      of({ from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }], to: [{ group: '', kind: 'Service' }] }),
      of('pay'),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(of('shop', 'pay'), of('x', 'y')).map(([name, team]) => ({ kind: 'Namespace', name, namespace: '', meta: { labels: { team } } })),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(object('AuthorizationPolicy', of('a', 'b', 'c'), authorizationSpec(['a', 'b'])), fc.boolean()).map(([made, dry]) => ({
      ...made,
      meta: { ...made.meta, ...(dry ? { annotations: { 'istio.io/dry-run': 'true' } } : {}) },
    })),
  },
  { weight: 2, arbitrary: object('RequestAuthentication', of('a', 'b'), authenticationSpec(['a', 'b'])) },
  { weight: 2, arbitrary: object('PeerAuthentication', of('a', 'b'), peerAuthenticationSpec(['a', 'b'])) },
  {
    weight: 1,
    arbitrary: object(
      'EnvoyFilter',
      of('a'),
      selector.map((own) => ({
        workloadSelector: { labels: own },
        configPatches: [{ applyTo: 'CLUSTER', match: { context: 'SIDECAR_OUTBOUND' }, patch: { operation: 'MERGE', value: { connect_timeout: '1s' } } }],
      })),
    ),
  },
);

export const randomObjects: Arbitrary<TestObject[]> = fc.array(randomObject, { minLength: 10, maxLength: 40 });

const groups: Readonly<Record<string, string>> = {
  Service: 'v1',
  Pod: 'v1',
  Node: 'v1',
  Namespace: 'v1',
  Endpoints: 'v1',
  EndpointSlice: 'discovery.k8s.io/v1',
};

export function resourceOf({ kind, name, namespace: own, meta, spec, more }: TestObject): Resource {
  const written = kind.split('/').at(-1) as string;
  const apiVersion = groups[kind] ?? (kind.startsWith('gateway-api/') ? 'gateway.networking.k8s.io/v1' : 'networking.istio.io/v1');
  const raw: RawObject = { apiVersion, kind: written, metadata: { ...meta, name, namespace: own }, ...(spec === undefined ? {} : { spec }), ...more };
  return new Resource(raw, kind, own, undefined);
}
