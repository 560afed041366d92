// Random meshes: resources as users write them, odd values included. What a cluster would refuse is left out by whoever uses them.
import fc, { type Arbitrary } from 'fast-check';
import { authenticationSpec, authorizationSpec, extensionProviders, peerAuthenticationSpec } from '../../src/translate/security/testing.ts';

type Fields = Record<string, Arbitrary<unknown>>;

const some = (fields: Fields, required: string[] = []): Arbitrary<Record<string, unknown>> => fc.record(fields, { requiredKeys: required });
const list = (item: Arbitrary<unknown>, most = 3, least = 0): Arbitrary<unknown[]> => fc.array(item, { maxLength: most, minLength: least });
const of = fc.constantFrom;

const namespaces = ['shop', 'ops', 'edge'] as const;
const services = ['cart', 'pay'] as const;
/** Most is in one namespace, so that things meet. */
const namespace = fc.oneof({ weight: 4, arbitrary: of('shop') }, of(...namespaces));
const serviceHost = fc.oneof(
  of('cart.shop.svc.cluster.local', 'pay.shop.svc.cluster.local'),
  fc.tuple(of(...services), namespace).map(([name, ns]) => `${name}.${ns}.svc.cluster.local`),
);
const outsideHost = of(
  'api.example.com',
  '*.example.com',
  '*.example.org',
  'example.org',
  'a.b.example.com',
  'xn--e1afmkfd.example',
  '10.2.3.4',
  'under_score.example.com',
);
const host = fc.oneof({ weight: 4, arbitrary: serviceHost }, of(...services), outsideHost, of('nobody.shop.svc.cluster.local', '*'));
const destinationHost = fc.oneof({ weight: 5, arbitrary: serviceHost }, of(...services), of('api.example.com', 'nobody.shop.svc.cluster.local'));
const subset = of('v1', 'v2', 'v3', 'a-very-long-subset-name-that-goes-on-and-on');
const labelValue = of('v1', 'v2', 'cart', 'pay', '');
const labels = fc.dictionary(of('app', 'version', 'team', 'example.com/part'), labelValue, { maxKeys: 2 });
const portNumber = of(80, 81, 443, 8080, 9000, 3306, 15443, 1, 65535);
const protocol = of('HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTPS', 'TLS', 'TCP', 'MONGO', 'MYSQL', 'REDIS', 'UDP');
const time = of('0s', '1ms', '0.5s', '1s', '15s', '3600s', '720h', '8760h', '1h30m', '100000h');
const percent = of(0, 0.0001, 0.1, 1, 33.33, 50, 99.999, 100);

const text = fc.oneof(
  of(
    '',
    'a',
    'true',
    '/',
    '/a',
    '/a/',
    '/a/b',
    '/a%20b',
    '//',
    '/ä',
    'a b',
    '"',
    "'",
    '%',
    '%%',
    '%REQ(:path)%',
    '\\',
    '\\1',
    '$1',
    '*',
    '.*',
    '^a$',
    'x'.repeat(300),
  ),
  fc.string({ maxLength: 8 }),
);
const regex = of(
  '.*',
  '/a.*',
  '^/a$',
  '(a|b)+',
  '[a-z]{1,10}',
  '\\d+',
  '(?i)a',
  'a{1000}',
  '[[:alpha:]]+',
  '\\p{Greek}',
  '(?P<n>a)',
  '',
  '/(.*)/(.*)',
  '(x+x+)+y',
  '\\bq\\b',
  '(',
  'a**',
  '(?=a)',
);
const path = of('/', '/a', '/a/', '/a/b', '', 'a', '/A', '/%41', '/a?b=c', '/a#b', '//', '/ü', '/a b', '*', '/*');
const stringMatch = (values: Arbitrary<string>): Arbitrary<unknown> =>
  fc.oneof(
    values.map((exact) => ({ exact })),
    values.map((prefix) => ({ prefix })),
    regex.map((expression) => ({ regex: expression })),
    of({}),
  );
const headerName = of(
  'x-user',
  'X-User',
  'cookie',
  'host',
  ':authority',
  ':path',
  'user-agent',
  'content-type',
  'x-forwarded-proto',
  'connection',
  'x_y',
  'te',
  'x-envoy-retry-on',
  'accept',
);

const destination = some({ host: destinationHost, subset, port: some({ number: portNumber }, ['number']) }, ['host']);
const headerValues = fc.dictionary(headerName, text, { maxKeys: 3 });
const headerOperations = some({ set: headerValues, add: headerValues, remove: list(headerName) });
const headers = some({ request: headerOperations, response: headerOperations });

const httpMatch = some({
  name: of('one', '', 'a/b'),
  uri: stringMatch(path),
  scheme: stringMatch(of('http', 'https')),
  method: stringMatch(of('GET', 'POST', 'get')),
  authority: stringMatch(of('cart', 'cart.shop', 'cart:80')),
  headers: fc.dictionary(headerName, stringMatch(text), { maxKeys: 3 }),
  withoutHeaders: fc.dictionary(headerName, stringMatch(text), { maxKeys: 2 }),
  queryParams: fc.dictionary(of('a', 'b', 'a b', ''), stringMatch(text), { maxKeys: 2 }),
  port: portNumber,
  sourceLabels: labels,
  sourceNamespace: namespace,
  gateways: list(of('mesh', 'edge/public', 'public'), 2),
  ignoreUriCase: fc.boolean(),
});

const weighted = (weights: readonly number[]): Arbitrary<unknown> =>
  fc.tuple(...weights.map((weight) => fc.record({ destination, weight: of(weight), headers }, { requiredKeys: ['destination', 'weight'] })));
const routes = fc.oneof(
  some({ destination, headers }, ['destination']).map((one) => [one]),
  weighted([100]),
  weighted([90, 10]),
  weighted([50, 25, 25]),
  weighted([0, 100]),
  weighted([1, 1, 1, 1]),
  weighted([0, 0]),
  weighted([2 ** 31 - 1, 2 ** 31 - 1]),
  weighted([2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1]),
);

const httpRoute = fc
  .tuple(
    some({
      name: of('r', '', 'a b', 'x'.repeat(100)),
      match: list(httpMatch, 3),
      timeout: time,
      retries: some({
        attempts: of(0, 1, 3, 100),
        perTryTimeout: time,
        backoff: time,
        retryOn: of('5xx', 'gateway-error,connect-failure,503', 'retriable-4xx, 404 ,x', '', 'reset,unavailable,cancelled', '99,600,1000'),
        retryRemoteLocalities: fc.boolean(),
        retryIgnorePreviousHosts: fc.boolean(),
      }),
      fault: some({
        delay: some({ fixedDelay: time, percentage: some({ value: percent }) }),
        abort: fc.oneof(
          some({ httpStatus: of(100, 200, 400, 503, 599, 600, 1000), percentage: some({ value: percent }) }),
          some({ grpcStatus: of('UNAVAILABLE', 'OK', '14', 'nonsense'), percentage: some({ value: percent }) }),
        ),
      }),
      corsPolicy: some({
        allowOrigins: list(stringMatch(of('https://a.example', '*', ''))),
        allowOrigin: list(of('https://a.example', '*')),
        allowMethods: list(of('GET', 'POST', '*')),
        allowHeaders: list(headerName),
        exposeHeaders: list(headerName),
        maxAge: time,
        allowCredentials: fc.boolean(),
        unmatchedPreflights: of('FORWARD', 'IGNORE', 'UNSPECIFIED'),
      }),
      headers,
    }),
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc
          .tuple(
            routes,
            some({
              rewrite: fc.oneof(
                some({ uri: of('/', '/z', '/z/', '', 'z', '/%2f', '\\1'), authority: of('z.example', 'z:80', '') }),
                some({ uriRegexRewrite: some({ match: regex, rewrite: of('/\\1', '/z', '', '\\9', '\\\\', '/\\0') }), authority: of('z.example') }),
              ),
              mirror: destination,
              mirrorPercentage: some({ value: percent }),
              mirrors: list(some({ destination, percentage: some({ value: percent }) }, ['destination']), 2),
            }),
          )
          .map(([route, more]) => ({ route, ...more })),
      },
      fc
        .oneof(
          some({
            uri: of('/z', '', '/%PREFIX()%'),
            authority: of('z.example', 'z.example:444'),
            port: portNumber,
            redirectCode: of(301, 302, 303, 307, 308, 200, 600),
          }),
          some({ authority: of('z.example'), derivePort: of('FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'), scheme: of('https', 'http', 'ftp') }),
        )
        .map((redirect) => ({ redirect })),
      some({ status: of(100, 200, 204, 404, 503, 599, 600), body: fc.oneof(some({ string: text }), some({ bytes: of('aGVsbG8=', '', '/w==') })) }, [
        'status',
      ]).map((directResponse) => ({ directResponse })),
    ),
  )
  .map(([more, action]) => ({ ...more, ...action }));

const l4Match = some({
  destinationSubnets: list(of('10.0.0.0/8', '10.1.2.3', '::/0', '2001:db8::/32', '0.0.0.0/0'), 2),
  port: portNumber,
  sourceLabels: labels,
  gateways: list(of('mesh', 'edge/public'), 1),
});
const l4Routes = fc.oneof(
  some({ destination }, ['destination']).map((one) => [one]),
  weighted([60, 40]),
  weighted([0, 100]),
);
const tcpRoute = some({ match: list(l4Match, 2), route: l4Routes }, ['route']);
const tlsRoute = some(
  { match: list(some({ sniHosts: list(outsideHost, 2, 1), port: portNumber, sourceLabels: labels }, ['sniHosts']), 2, 1), route: l4Routes },
  ['match', 'route'],
);

const exportTo = fc.oneof({ weight: 4, arbitrary: of(undefined) }, of(['.'], ['*'], ['ops'], ['~']));

const virtualService = some(
  {
    hosts: fc.uniqueArray(host, { minLength: 1, maxLength: 3 }),
    gateways: of(['mesh'], ['edge/public'], ['mesh', 'edge/public'], ['edge/missing']),
    http: list(httpRoute, 3, 1),
    tcp: list(tcpRoute, 2),
    tls: list(tlsRoute, 2),
    exportTo,
  },
  ['hosts', 'http'],
);

const count = of(0, 1, 2, 5, 100, 2 ** 31 - 1);
const tls = some({
  mode: of('DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'),
  sni: of('z.example', '', '*.example.com'),
  credentialName: of('secret'),
  clientCertificate: of('/etc/certs/c.pem'),
  privateKey: of('/etc/certs/k.pem'),
  caCertificates: of('/etc/certs/ca.pem'),
  subjectAltNames: list(of('spiffe://cluster.local/ns/a/sa/b', 'z.example'), 2),
  insecureSkipVerify: fc.boolean(),
});
const trafficSettings: Fields = {
  loadBalancer: fc.oneof(
    some({
      simple: of('ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'PASSTHROUGH', 'LEAST_CONN', 'UNSPECIFIED'),
      warmup: some({ duration: time, minimumPercent: of(0, 10, 100), aggression: of(1, 2.5) }),
      warmupDurationSecs: time,
    }),
    some({
      consistentHash: fc
        .tuple(
          fc.oneof(
            some({ httpHeaderName: headerName }, ['httpHeaderName']),
            some(
              {
                httpCookie: some(
                  { name: of('c', 'a b'), path: of('/', ''), ttl: time, attributes: list(some({ name: of('SameSite'), value: of('Lax', '') }), 2) },
                  ['name'],
                ),
              },
              ['httpCookie'],
            ),
            of({ useSourceIp: true }),
            some({ httpQueryParameterName: of('q', '') }),
          ),
          fc.oneof(
            of({}),
            some({ minimumRingSize: of(0, 1, 1024, 8388608, 9000000) }),
            some({ ringHash: some({ minimumRingSize: of(1, 1024) }) }),
            some({ maglev: some({ tableSize: of(2, 3, 4, 65537, 5000011, 6000000) }) }),
          ),
        )
        .map(([key, size]) => ({ ...key, ...size })),
    }),
    some({
      localityLbSetting: fc.oneof(
        some({ distribute: of([{ from: 'r1/*', to: { 'r1/*': 80, 'r2/*': 20 } }], [{ from: '*', to: { 'r1/*': 100 } }]), enabled: fc.boolean() }),
        some({ failover: of([{ from: 'r1', to: 'r2' }]), enabled: fc.boolean() }),
        some({ failoverPriority: of(['topology.kubernetes.io/region', 'version=v1'], ['version']) }),
      ),
    }),
  ),
  connectionPool: some({
    tcp: some({
      maxConnections: count,
      connectTimeout: time,
      maxConnectionDuration: time,
      idleTimeout: time,
      tcpKeepalive: some({ probes: count, time, interval: time }),
    }),
    http: some({
      http1MaxPendingRequests: count,
      http2MaxRequests: count,
      maxRequestsPerConnection: count,
      maxRetries: count,
      idleTimeout: time,
      h2UpgradePolicy: of('UPGRADE', 'DO_NOT_UPGRADE', 'DEFAULT'),
      useClientProtocol: fc.boolean(),
      maxConcurrentStreams: count,
    }),
  }),
  outlierDetection: some({
    consecutive5xxErrors: count,
    consecutiveGatewayErrors: count,
    consecutiveErrors: count,
    consecutiveLocalOriginFailures: count,
    splitExternalLocalOriginErrors: fc.boolean(),
    interval: time,
    baseEjectionTime: time,
    maxEjectionPercent: of(0, 10, 100),
    minHealthPercent: of(0, 50, 100),
  }),
  tls,
};
const trafficPolicy = some({
  ...trafficSettings,
  portLevelSettings: list(some({ ...trafficSettings, port: some({ number: portNumber }, ['number']) }, ['port']), 2),
  proxyProtocol: some({ version: of('V1', 'V2') }),
  retryBudget: some({ percent: of(0, 20, 100), minRetryConcurrency: count }),
  tunnel: some({ protocol: of('CONNECT', 'POST'), targetHost: of('z.example', '10.0.0.1'), targetPort: portNumber }, ['targetHost', 'targetPort']),
});
const destinationRule = some(
  {
    host: fc.oneof({ weight: 4, arbitrary: of('cart.shop.svc.cluster.local', 'pay.shop.svc.cluster.local') }, serviceHost, of(...services), outsideHost),
    trafficPolicy,
    subsets: fc.uniqueArray(some({ name: subset, labels, trafficPolicy }, ['name']), { maxLength: 3, selector: (one) => one.name }),
    workloadSelector: of({ matchLabels: { app: 'cart' } }),
    exportTo,
  },
  ['host'],
);

const serverTls = some({
  mode: of('SIMPLE', 'MUTUAL', 'PASSTHROUGH', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL'),
  credentialName: of('secret', 'other'),
  serverCertificate: of('/etc/certs/s.pem'),
  privateKey: of('/etc/certs/k.pem'),
  caCertificates: of('/etc/certs/ca.pem'),
  httpsRedirect: fc.boolean(),
  minProtocolVersion: of('TLS_AUTO', 'TLSV1_0', 'TLSV1_2', 'TLSV1_3'),
  maxProtocolVersion: of('TLS_AUTO', 'TLSV1_2', 'TLSV1_3'),
  cipherSuites: of(['ECDHE-RSA-AES128-GCM-SHA256'], ['nonsense'], []),
  subjectAltNames: list(of('z.example'), 1),
});
const gateway = fc
  .array(
    some(
      {
        port: fc.record({ number: portNumber, protocol }),
        hosts: list(fc.oneof(host, of('shop/*', '*/cart.shop.svc.cluster.local', './*')), 3, 1),
        tls: serverTls,
        bind: of('127.0.0.1', '10.0.0.9'),
        name: of('s'),
      },
      ['port', 'hosts'],
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((servers) => ({
    selector: { istio: 'ingress' },
    servers: servers.map((server, i) => ({ ...server, port: { ...(server.port as object), name: `port-${i}` } })),
  }));

const serviceEntry = fc
  .tuple(
    some(
      {
        hosts: fc.uniqueArray(outsideHost, { minLength: 1, maxLength: 2 }),
        addresses: of([], ['240.1.1.1'], ['10.3.0.0/16'], ['2001:db8::1']),
        location: of('MESH_EXTERNAL', 'MESH_INTERNAL'),
        resolution: of('NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN'),
        endpoints: list(
          some(
            {
              address: of('10.4.0.1', 'back.example.com', '2001:db8::7', 'unix:///run/a.sock'),
              labels,
              locality: of('r1/z1', 'r2', ''),
              weight: of(0, 1, 7),
              ports: of({ 'port-0': 9999 }),
            },
            ['address'],
          ),
          3,
        ),
        exportTo,
      },
      ['hosts', 'resolution'],
    ),
    fc.uniqueArray(fc.record({ number: portNumber, protocol, targetPort: of(9001, 0) }, { requiredKeys: ['number', 'protocol'] }), {
      minLength: 1,
      maxLength: 3,
      selector: (one) => one.number,
    }),
  )
  .map(([more, ports]) => ({ ...more, ports: ports.map((port, i) => ({ ...port, name: `port-${i}` })) }));

const sidecar = some({
  workloadSelector: of({ labels: { app: 'cart' } }),
  egress: list(
    some(
      {
        hosts: list(of('*/*', './*', 'shop/*', '~/*', 'ops/pay.ops.svc.cluster.local', '*/*.example.com'), 2, 1),
        port: fc.record({ number: portNumber, protocol, name: of('e') }),
        bind: of('127.0.0.2', 'unix:///run/e.sock', '0.0.0.0'),
        captureMode: of('NONE', 'IPTABLES', 'DEFAULT'),
      },
      ['hosts'],
    ),
    3,
  ),
  ingress: list(
    some(
      {
        port: fc.record({ number: of(8080, 9080, 9443), protocol, name: of('i') }),
        defaultEndpoint: of('127.0.0.1:8080', 'unix:///run/i.sock', '0.0.0.0:8080'),
        bind: of('', '10.1.0.1'),
        connectionPool: trafficSettings.connectionPool as Arbitrary<unknown>,
      },
      ['port'],
    ),
    2,
  ),
  outboundTrafficPolicy: some({ mode: of('ALLOW_ANY', 'REGISTRY_ONLY'), egressProxy: destination }),
});

const servicePorts = fc.uniqueArray(
  fc.record(
    {
      port: portNumber,
      name: of('http', 'http-web', 'grpc', 'tcp', 'tls', 'https', 'mongo', 'x', 'http2-a', 'redis', 'udp'),
      targetPort: of(8080, 9090, 'web'),
      appProtocol: of('http', 'kubernetes.io/h2c', 'tcp'),
    },
    { requiredKeys: ['port', 'name'] },
  ),
  { minLength: 1, maxLength: 3, selector: (one) => one.port },
);
const service = fc.tuple(servicePorts, of('10.96.0.1', '10.96.0.2', 'None', '2001:db8::5'), fc.boolean()).map(([ports, clusterIP, external]) => ({
  clusterIP,
  ports: ports.map((port, i) => ({ ...port, name: `${port.name}-${i}` })),
  selector: { app: 'cart' },
  ...(external ? { type: 'ExternalName', externalName: 'api.example.com' } : {}),
}));
const pod = fc.record({
  spec: fc.constant({ containers: [{ name: 'app', image: 'app', ports: [{ name: 'web', containerPort: 8080 }] }] }),
  status: of({ phase: 'Running', podIP: '10.1.0.1' }, { phase: 'Running', podIP: '10.1.0.2' }, { phase: 'Running', podIP: '2001:db8::3' }),
  labels: fc.constantFrom<Record<string, string>>(
    { app: 'cart', version: 'v1' },
    { app: 'cart', version: 'v2', 'istio-locality': 'r1.z1' },
    { app: 'cart', 'security.istio.io/tlsMode': 'istio' },
  ),
});
export interface RandomObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; labels?: Record<string, string> };
  [field: string]: unknown;
}

function objects(apiVersion: string, kind: string, spec: Arbitrary<unknown>, most: number, least = 0): Arbitrary<RandomObject[]> {
  return fc
    .array(fc.tuple(spec, namespace), { minLength: least, maxLength: most })
    .map((all) => all.map(([one, ns], i) => ({ apiVersion, kind, metadata: { name: `${kind.toLowerCase()}-${i}`, namespace: ns }, spec: one })));
}

const slicePorts = fc.subarray([
  { name: 'http-0', port: 8080 },
  { name: 'tcp-0', port: 9090 },
  { name: 'x-0', port: 7070 },
  { name: '', port: 6060 },
]);
const endpointSlice = fc
  .tuple(
    of(...services),
    namespace,
    slicePorts,
    fc.array(fc.tuple(of('10.1.0.1', '10.1.0.2', '10.1.0.9', '2001:db8::3'), fc.boolean(), of('pod-0', 'pod-1', undefined)), { maxLength: 3 }),
  )
  .map(([name, ns, ports, endpoints]) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace: ns, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports,
    endpoints: endpoints.map(([address, ready, pod]) => ({
      addresses: [address],
      conditions: { ready },
      ...(pod ? { targetRef: { kind: 'Pod', name: pod } } : {}),
    })),
  }));
const workloadEntry = some({ address: of('10.5.0.1', '10.5.0.2'), labels, ports: of({ 'http-0': 9 }), weight: of(1, 5), locality: of('r1/z1', 'r2') }, [
  'address',
]);

const networking = 'networking.istio.io/v1';

const security = 'security.istio.io/v1';

/** Policies as users write them, and as nobody should. */
export const policies: Arbitrary<RandomObject[]> = fc
  .tuple(
    objects(security, 'AuthorizationPolicy', authorizationSpec(['cart', 'admin']), 4).chain((all) =>
      fc
        .array(of({}, {}, {}, { annotations: { 'istio.io/dry-run': 'true' } }), { minLength: all.length, maxLength: all.length })
        .map((more) => all.map((one, i) => ({ ...one, metadata: { ...one.metadata, ...more[i] } }))),
    ),
    objects(security, 'RequestAuthentication', authenticationSpec(['cart', 'admin']), 2),
    objects(security, 'PeerAuthentication', peerAuthenticationSpec(['cart', 'admin']), 2),
  )
  .map((lists) => lists.flat());

/** The mesh configuration with providers that policies name. */
const providersMap: RandomObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'istio', namespace: 'istio-system' },
  data: {
    mesh: JSON.stringify({
      extensionProviders: extensionProviders('cart.shop.svc.cluster.local', 'pay.shop.svc.cluster.local'),
      trustDomain: 'new.example',
      trustDomainAliases: ['old.example'],
    }),
  },
};

/** All objects of a mesh, in the order in which a user's files could have them. */
export const meshObjects: Arbitrary<RandomObject[]> = fc
  .tuple(
    fc
      .uniqueArray(fc.tuple(service, of(...services), namespace), { minLength: 1, maxLength: 4, selector: ([, name, ns]) => `${ns}/${name}` })
      .map((all) => all.map(([spec, name, ns]): RandomObject => ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: ns }, spec }))),
    fc.array(fc.tuple(pod, namespace), { maxLength: 3 }).map((all) =>
      all.map(
        ([{ spec, status, labels: own }, ns], i): RandomObject => ({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: `pod-${i}`, namespace: ns, labels: own },
          spec,
          status,
        }),
      ),
    ),
    fc.uniqueArray(endpointSlice, { maxLength: 2, selector: ({ metadata }) => `${metadata.namespace}/${metadata.name}` }),
    objects(networking, 'WorkloadEntry', workloadEntry, 1),
    objects(networking, 'VirtualService', virtualService, 3, 1),
    objects(networking, 'DestinationRule', destinationRule, 3),
    objects(networking, 'ServiceEntry', serviceEntry, 2),
    objects(networking, 'Sidecar', sidecar, 1),
    policies,
    fc.boolean().map((there) => (there ? [providersMap] : [])),
    gateway.map((spec): RandomObject[] => [{ apiVersion: networking, kind: 'Gateway', metadata: { name: 'public', namespace: 'edge' }, spec }]),
  )
  .map((lists) => lists.flat());
