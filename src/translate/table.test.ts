// Whole tables: against files that a person has read, byte for byte, and whatever the input holds.
//
//   UPDATE_GOLDEN=1 vitest run src/translate/table.test.ts     writes the files anew
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { dump, load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { ProxyIdentity } from '../ir/table.ts';
import { loadSource } from '../manifest/load.ts';
import { type RawObject, Resource } from '../manifest/resource.ts';
import { Mesh } from '../model/mesh.ts';
import { defaultMeshConfig } from '../model/mesh-config.ts';
import { proxyIn } from './clusters/testing.ts';
import { routingTable } from './table.ts';

const folder = join(import.meta.dirname, 'testdata');
const payment = join(import.meta.dirname, '../../fixtures/payment');
const update = process.env.UPDATE_GOLDEN !== undefined;

function resourcesOf(text: string): Resource[] {
  return loadSource({ name: 'test.yaml', text, json: false }, { defaultNamespace: 'default' }).resources;
}

function meshOf(resources: Iterable<Resource>): Mesh {
  const meshConfig = defaultMeshConfig('istio-system');
  return new Mesh(resources, { assume: 'complete', istioNamespace: 'istio-system', templates: false, knownHosts: [], now: new Date(0), meshConfig });
}

interface Sample {
  name: string;
  text: string;
  proxy: ProxyIdentity;
}

function proxyOf(text: string): ProxyIdentity {
  const { namespace = '', ...more } = load(/^# proxy: (.*)$/m.exec(text)?.[1] ?? '{}') as Partial<Omit<ProxyIdentity, 'locality'>>;
  return proxyIn(namespace, more);
}

const samples: Sample[] = readdirSync(folder)
  .filter((name) => name.endsWith('.in.yaml'))
  .map((name) => ({ name: name.slice(0, -'.in.yaml'.length), text: readFileSync(join(folder, name), 'utf8') }))
  .map((sample) => ({ ...sample, proxy: proxyOf(sample.text) }));
samples.push({
  name: 'payment',
  text: readdirSync(payment)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => readFileSync(join(payment, name), 'utf8'))
    .join('\n---\n'),
  proxy: proxyIn('payment', { labels: { app: 'shop' } }),
});

describe.each(samples)('$name', ({ name, text, proxy }) => {
  const table = routingTable(meshOf(resourcesOf(text)), proxy);

  it('is as in the file', () => {
    const file = join(folder, `${name}.table.yaml`);
    const made = dump(JSON.parse(JSON.stringify(table)), { lineWidth: 160, noRefs: true });
    if (update || !existsSync(file)) writeFileSync(file, made);
    expect(made).toBe(readFileSync(file, 'utf8'));
  });

  it('is plain data, and the same to the byte, in whatever order the input is', () => {
    expect(JSON.parse(JSON.stringify(table))).toEqual(table);
    const again = [...resourcesOf(text)].reverse();
    expect(JSON.stringify(routingTable(meshOf(again), proxy))).toBe(JSON.stringify(table));
  });
});

it('MAT-R26: names are as Kubernetes reads YAML: an unquoted y is "true"', () => {
  const text = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: x, namespace: shop}
spec: {hosts: [x.example], http: [{match: [{headers: {y: {exact: "1"}}}], directResponse: {status: 200}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
`;
  const table = routingTable(meshOf(resourcesOf(text)), proxyIn('shop'));
  const [host] = table.routes.find(({ name }) => name === '80')?.virtualHosts.filter(({ name }) => name === 'x.example:80') ?? [];
  expect(host?.routes[0]?.match.headers.map(({ name }) => name)).toEqual(['true']);
});

// Istio's kinds are decoded before they are here: fields have their types, but any can be missing and any item of a list can be null.
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const listOf = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<(T | null)[] | undefined> => maybe(fc.array(fc.option(item, { nil: null, freq: 5 }), { maxLength: 3 }));
const fields = (model: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> => fc.record(model, { requiredKeys: [] });
const mapOf = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.dictionary(fc.constantFrom('app', 'x-a', 'host', '@request.auth.claims.a', '__proto__', ''), value, { maxKeys: 2 });

const host = fc.constantFrom('cart', 'cart.shop.svc.cluster.local', '*.example.com', '*', 'a.example.com', '', '10.0.0.1', 'CART');
const number = fc.constantFrom(0, 80, 90, 443, 70000, -1);
const duration = fc.constantFrom('1s', '0s', 'x', '', '1h1m', '99999999999h');
const text = fc.oneof(fc.constantFrom('mesh', 'edge/gw', 'v1', '/a', 'HTTP', 'TCP', 'TLS', 'HTTPS', '.*', '(', '10.0.0.0/8'), fc.string({ maxLength: 4 }));
const match = fields({ exact: text, prefix: text, regex: text });
const destination = fields({ host, subset: text, port: fields({ number }) });
const operations = fields({ set: mapOf(text), add: mapOf(text), remove: listOf(text) });
const headers = fields({ request: operations, response: operations });
const route = listOf(fields({ destination, weight: number, headers }));
const percentage = fields({ value: fc.double() });
const l4 = fields({
  port: number,
  gateways: listOf(text),
  sourceLabels: mapOf(text),
  sourceNamespace: text,
  destinationSubnets: listOf(text),
  sniHosts: listOf(host),
});
const httpRule = fields({
  name: text,
  match: listOf(
    fields({
      uri: match,
      method: match,
      authority: match,
      headers: mapOf(match),
      withoutHeaders: mapOf(match),
      queryParams: mapOf(match),
      port: number,
      gateways: listOf(text),
      sourceLabels: mapOf(text),
    }),
  ),
  route,
  redirect: fields({ uri: text, redirectCode: number, port: number, scheme: text }),
  directResponse: fields({ status: number, body: fields({ string: text }) }),
  delegate: fields({ name: fc.constantFrom('leaf', 'x'), namespace: text }),
  rewrite: fields({ uri: text, authority: text, uriRegexRewrite: fields({ match: text, rewrite: text }) }),
  timeout: duration,
  retries: fields({ attempts: number, retryOn: text, perTryTimeout: duration, backoff: duration }),
  fault: fields({ delay: fields({ fixedDelay: duration, percentage }), abort: fields({ httpStatus: number, grpcStatus: text, percentage }) }),
  mirror: destination,
  mirrors: listOf(fields({ destination, percentage })),
  corsPolicy: fields({ allowOrigins: listOf(match), allowMethods: listOf(text), maxAge: duration }),
  headers,
});
const virtualService = fields({
  hosts: listOf(host),
  gateways: listOf(text),
  exportTo: listOf(fc.constantFrom('.', '*', '~', 'shop')),
  http: listOf(httpRule),
  tcp: listOf(fields({ match: listOf(l4), route })),
  tls: listOf(fields({ match: listOf(l4), route })),
});
const port = fields({ number, name: text, protocol: text });
const gateway = fields({
  selector: mapOf(text),
  servers: listOf(
    fields({
      port,
      bind: text,
      hosts: listOf(host),
      tls: fields({ mode: fc.constantFrom('SIMPLE', 'PASSTHROUGH', 'AUTO_PASSTHROUGH', 'X'), httpsRedirect: fc.boolean(), credentialNames: listOf(text) }),
    }),
  ),
});
const sidecar = fields({
  workloadSelector: fields({ labels: mapOf(text) }),
  egress: listOf(
    fields({ port, bind: text, captureMode: fc.constantFrom('NONE', 'DEFAULT'), hosts: listOf(fc.constantFrom('*/*', './*', '~/*', 'x', '*/cart')) }),
  ),
  outboundTrafficPolicy: fields({ mode: fc.constantFrom('ALLOW_ANY', 'REGISTRY_ONLY'), egressProxy: destination }),
});
const entry = fields({
  hosts: listOf(host),
  addresses: listOf(text),
  ports: listOf(port),
  resolution: fc.constantFrom('NONE', 'STATIC', 'DNS'),
  exportTo: listOf(text),
});

// Kinds of the Gateway API are as they are written.
const anything = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('gw', 'cart', 'shop', 80, null, [null], [{}]));
const loose = (model: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 4, arbitrary: fields(model) }, { weight: 1, arbitrary: anything });
const looseList = (item: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 4, arbitrary: fc.array(item, { maxLength: 2 }) }, { weight: 1, arbitrary: anything });
const reference = loose({
  kind: fc.constantFrom('Service', 'Gateway'),
  group: anything,
  name: fc.constantFrom('gw', 'cart'),
  namespace: anything,
  port: fc.constantFrom(80, '80', null),
  weight: anything,
});
const filter = loose({
  type: fc.constantFrom('RequestRedirect', 'URLRewrite', 'RequestMirror', 'RequestHeaderModifier', 'CORS'),
  requestRedirect: anything,
  urlRewrite: anything,
  requestMirror: loose({ backendRef: reference, fraction: anything }),
  requestHeaderModifier: loose({ set: anything, remove: anything }),
  cors: anything,
});
const apiRoute = loose({
  parentRefs: looseList(reference),
  hostnames: anything,
  rules: looseList(
    loose({
      matches: looseList(loose({ path: anything, headers: anything, method: anything })),
      filters: looseList(filter),
      backendRefs: looseList(reference),
      timeouts: anything,
      retry: anything,
    }),
  ),
});
const apiGateway = loose({
  addresses: anything,
  listeners: looseList(
    loose({
      name: anything,
      port: fc.constantFrom(80, 443, null),
      protocol: fc.constantFrom('HTTP', 'HTTPS', 'TLS', 'TCP'),
      hostname: anything,
      tls: anything,
      allowedRoutes: anything,
    }),
  ),
});

function resource(kind: string, name: string, spec: unknown, kindName = kind): Resource {
  return new Resource({ apiVersion: 'x/v1', kind, metadata: { name, namespace: 'shop' }, spec } as RawObject, kindName, 'shop', undefined);
}

it('nothing that a resource holds stops the translation', () => {
  const service = resource('Service', 'cart', { clusterIP: '10.0.0.1', ports: [{ name: 'http', port: 80 }, { name: 'tcp', port: 90 }, { port: 70 }] });
  const proxies = [proxyIn('shop'), proxyIn('shop', { role: 'gateway', labels: { app: 'v1', 'gateway.networking.k8s.io/gateway-name': 'gw' } })];
  fc.assert(
    fc.property(virtualService, virtualService, gateway, sidecar, entry, apiRoute, apiGateway, apiRoute, (vs, leaf, gw, sc, se, http, api, grpc) => {
      const mesh = meshOf([
        service,
        resource('VirtualService', 'vs', vs),
        resource('VirtualService', 'leaf', leaf),
        resource('Gateway', 'gw', gw),
        resource('Sidecar', 'sc', sc),
        resource('ServiceEntry', 'se', se),
        resource('HTTPRoute', 'http', http, 'gateway-api/HTTPRoute'),
        resource('GRPCRoute', 'grpc', grpc, 'gateway-api/GRPCRoute'),
        resource('TLSRoute', 'tls', http, 'gateway-api/TLSRoute'),
        resource('TCPRoute', 'tcp', http, 'gateway-api/TCPRoute'),
        resource('Gateway', 'gw', api, 'gateway-api/Gateway'),
      ]);
      for (const proxy of proxies) {
        const table = routingTable(mesh, proxy);
        expect(JSON.parse(JSON.stringify(table))).toEqual(table);
        expect(new Set(table.listeners.map(({ name }) => name)).size).toBe(table.listeners.length);
        expect(new Set(table.routes.map(({ name }) => name)).size).toBe(table.routes.length);
        for (const { virtualHosts } of table.routes) {
          const domains = virtualHosts.flatMap((one) => one.domains);
          expect(new Set(domains).size).toBe(domains.length);
        }
        const routes = new Set(table.routes.map(({ name }) => name));
        for (const { chains, defaultChain } of table.listeners) {
          for (const { filter } of [...chains, ...(defaultChain ? [defaultChain] : [])]) if (filter.kind === 'http') expect(routes).toContain(filter.routes);
        }
      }
    }),
    { numRuns: 300 },
  );
});
