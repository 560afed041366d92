import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { plainStyle } from '../../analysis/report/style.ts';
import type { ProxyFlags } from './flags.ts';
import { ManifestReader, type Manifests } from './manifests.ts';
import { notYet } from './not-yet.ts';
import { describeTable, startSummary } from './summary.ts';

const ports = { outbound: 15001, inbound: 15006, admin: 15000, stats: 15090, agent: 15020, health: 0 };

async function readIn(yaml: string, flags: Partial<ProxyFlags>): Promise<{ flags: ProxyFlags; manifests: Manifests }> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-summary-'));
  try {
    writeFileSync(join(folder, 'mesh.yaml'), yaml);
    const all = { filename: [folder], istioNamespace: 'istio-system', bind: '127.0.0.1', ...flags } as ProxyFlags;
    return { flags: { ...all, filename: ['mesh/'] }, manifests: await new ManifestReader(all).read() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function summaryOf(yaml: string, flags: Partial<ProxyFlags> = {}): Promise<string[]> {
  const { manifests, flags: all } = await readIn(yaml, flags);
  if (!manifests.table) throw new Error(manifests.broken.map(({ text }) => text).join('\n'));
  return startSummary(manifests.table, { ports, flags: all }, plainStyle).split('\n');
}

/** What comes before the pages of the administration. */
async function hostsOf(yaml: string, flags: Partial<ProxyFlags> = {}): Promise<string[]> {
  const lines = await summaryOf(yaml, flags);
  return lines.slice(2, lines.indexOf('', 2));
}

const service = (name: string, port = 'name: http, port: 8080', more = ''): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: { name: ${name}, namespace: shop }\nspec: { selector: { app: ${name} }, ${more}ports: [{ ${port} }] }\n`;
const virtualService = (http: string, more = ''): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: cart, namespace: shop }\nspec: { hosts: [cart], ${more}http: [${http}] }\n`;
const subsets = `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: cart, namespace: shop }
spec: { host: cart, subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }] }
`;
const nothing = '{ apiVersion: v1, kind: Namespace, metadata: { name: shop } }';
const gateway = (server: string): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: { name: edge, namespace: shop }\nspec: { selector: { istio: edge }, servers: [${server}] }\n`;

it('all of it', async () => {
  const yaml = service('cart') + subsets + virtualService('{ route: [{ destination: { host: cart, subset: v1 } }], mirror: { host: cart, subset: v2 } }');
  expect(await summaryOf(yaml, { map: ['cart/v1=9001', 'cart/v1=127.0.0.1:9002'], watch: true })).toEqual([
    'weft proxy: sidecar of namespace shop from mesh/',
    '',
    '  cart:8080',
    '    every request → v1, a copy of each to v2',
    '    at v1  127.0.0.1:9001, 127.0.0.1:9002',
    '    at v2  no endpoint: 503 (serve it from here with --map cart/v2=127.0.0.1:PORT)',
    '',
    "  try      curl -H 'Host: cart:8080' http://127.0.0.1:15001/",
    '  admin    http://127.0.0.1:15000/',
    '  metrics  http://127.0.0.1:15090/stats/prometheus',
    '',
    'Serving. Changes of the manifests are taken as they come. Ctrl-C ends it.',
    '',
  ]);
});

const to = (subset: string, weight = 100): string => `{ destination: { host: cart, subset: ${subset} }, weight: ${weight} }`;

it.each<[string, string, Partial<ProxyFlags>, string[]]>([
  ['a plain service', service('cart'), { map: ['cart=9001'] }, ['  cart:8080 → 127.0.0.1:9001']],
  [
    'more endpoints than anybody reads',
    service('cart'),
    { map: [1, 2, 3, 4, 5, 6].map((n) => `cart=900${n}`) },
    ['  cart:8080 → 127.0.0.1:9001, 127.0.0.1:9002, 127.0.0.1:9003, 127.0.0.1:9004, and 2 more'],
  ],
  [
    'weights, conditions, redirects and faults',
    service('cart') +
      subsets +
      virtualService(
        `{ match: [{ uri: { prefix: /a }, method: { exact: GET }, headers: { x-who: { exact: me } } }], route: [${to('v1', 90)}, ${to('v2', 10)}] }, ` +
          `{ match: [{ uri: { regex: '/b.*' } }], redirect: { uri: /c } }, { match: [{ uri: { exact: /d } }], directResponse: { status: 204 } }, ` +
          `{ fault: { abort: { httpStatus: 500, percentage: { value: 5 } } }, route: [${to('v2')}] }`,
      ),
    { map: ['cart/v1=9001', 'cart/v2=9002'] },
    [
      '  cart:8080',
      '    GET /a* x-who=me → v1 90%, v2 10%',
      '    ~/b.*            → redirect 301 to /c',
      '    /d               → answer 204',
      '    every request    → v2, 5% aborted',
      '    at v1  127.0.0.1:9001',
      '    at v2  127.0.0.1:9002',
    ],
  ],
  [
    'a cluster that does not exist, and another service',
    service('cart') +
      service('till') +
      virtualService(`{ match: [{ uri: { prefix: /x } }], route: [${to('v9')}] }, { route: [{ destination: { host: till } }] }`),
    { map: ['till=9001'] },
    [
      '  cart:8080',
      '    /x*           → cart/v9:8080',
      '    every request → till',
      '    at cart/v9:8080  does not exist: 503',
      '    at till          127.0.0.1:9001',
      '  till:8080 → 127.0.0.1:9001',
    ],
  ],
  [
    'many services',
    Array.from({ length: 10 }, (_, i) => service(`s${i}`)).join(''),
    { map: Array.from({ length: 10 }, (_, i) => `s${i}=9001`) },
    [...Array.from({ length: 8 }, (_, i) => `  s${i}:8080 → 127.0.0.1:9001`), '  … and 2 more'],
  ],
  [
    'what has no Host header',
    service('cart') + service('db', 'name: tcp, port: 5432', 'clusterIP: 10.0.0.9, '),
    { map: ['cart=9001'] },
    ['  cart:8080 → 127.0.0.1:9001', '  1 TCP or TLS listener: only with --capture, since such connections have no Host header.'],
  ],
  ['nothing', nothing, {}, ['  No HTTP service: whatever is asked for goes where its Host header says.']],
  [
    'a gateway',
    service('cart') +
      gateway(
        `{ port: { number: 8443, name: https, protocol: HTTPS }, hosts: [cart.example.com], tls: { mode: SIMPLE, credentialName: c } }, { port: { number: 9000, name: tcp, protocol: TCP }, hosts: ['*'] }`,
      ) +
      `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: edge, namespace: shop }
spec:
  hosts: [cart.example.com]
  gateways: [edge]
  http: [{ route: [{ destination: { host: cart } }] }]
  tcp: [{ match: [{ port: 9000 }], route: [{ destination: { host: cart, port: { number: 8080 } } }] }]
`,
    { gateway: 'shop/edge', map: ['cart=9001'] },
    ['  cart.example.com:8443 (TLS)', '    every request → cart:8080', '    at cart:8080  127.0.0.1:9001', '  port 9000, TCP → cart:8080'],
  ],
])('%s', async (_, yaml, flags, expected) => {
  expect(await hostsOf(yaml, flags)).toEqual(expected);
});

it.each<[string, string, Partial<ProxyFlags>, string]>([
  ['a sidecar', service('cart', 'name: http, port: 80'), {}, "curl -H 'Host: cart' http://127.0.0.1:15001/"],
  ['every address', service('cart'), { bind: '0.0.0.0' }, "curl -H 'Host: cart:8080' http://127.0.0.1:15001/"],
  ['IPv6', service('cart'), { bind: '::1' }, "curl -H 'Host: cart:8080' http://[::1]:15001/"],
  ['captured', service('cart'), { capture: true }, 'curl http://cart:8080/  (from the captured application)'],
  ['no service', nothing, {}, 'curl -x http://127.0.0.1:15001 http://example.com/'],
])('a request to copy: %s', async (_, yaml, flags, expected) => {
  expect((await summaryOf(yaml, flags)).find((line) => line.startsWith('  try'))).toBe(`  try      ${expected}`);
});

it('a log line has the same in numbers', async () => {
  const { manifests, flags } = await readIn(service('cart'), {});
  expect(manifests.table && describeTable(manifests.table, 15001, flags)).toMatchObject({ proxy: 'sidecar shop', outbound: '127.0.0.1:15001' });
});

const policy = (kind: string, group: string, spec: string): string =>
  `---\napiVersion: ${group}\nkind: ${kind}\nmetadata: { name: x, namespace: shop }\nspec: ${spec}\n`;

it.each<[string, string, Partial<ProxyFlags>, string[]]>([
  ['nothing to say', service('cart'), {}, []],
  [
    'authorization by what only Envoy knows',
    service('cart') +
      policy(
        'AuthorizationPolicy',
        'security.istio.io/v1',
        '{ action: DENY, rules: [{ when: [{ key: "experimental.envoy.filters.http.x[k]", values: [v] }] }] }',
      ),
    {},
    ["ns[shop]-policy[x]-rule[0] ask for what Envoy's filters say (experimental.envoy.filters), which only Envoy knows: in doubt they deny"],
  ],
  [
    'strict mTLS',
    policy('PeerAuthentication', 'security.istio.io/v1', '{ mtls: { mode: STRICT } }'),
    {},
    ['PeerAuthentication (1): this proxy has no certificate of the mesh (--mtls); where it is STRICT, inbound connections fail'],
  ],
  [
    'mTLS to a service',
    service('cart') + policy('DestinationRule', 'networking.istio.io/v1', '{ host: cart, trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }'),
    {},
    ['mTLS to cart.shop.svc.cluster.local needs a certificate of the mesh (--mtls), which this proxy does not have: requests go in plain text'],
  ],
  [
    'mTLS with a certificate of the mesh',
    service('cart') +
      policy('DestinationRule', 'networking.istio.io/v1', '{ host: cart, trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }') +
      policy('PeerAuthentication', 'security.istio.io/v1', '{ mtls: { mode: STRICT } }'),
    { mtls: true },
    [],
  ],
  ['other kinds', policy('WasmPlugin', 'extensions.istio.io/v1alpha1', '{ url: "oci://a/b" }'), {}, ['WasmPlugin (1) is not read']],
])('what is not there yet: %s', async (_, yaml, flags, expected) => {
  const { mesh, table } = (await readIn(yaml, flags)).manifests;
  expect(table && notYet(mesh, table, flags.mtls === true)).toEqual(expected);
});
