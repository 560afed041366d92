import { expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import type { RoutingTable } from '../ir/table.ts';
import { proxyIn } from '../translate/clusters/testing.ts';
import { routingTable } from '../translate/table.ts';
import { apiGateway, doc, svc } from '../translate/testing.ts';
import type { JsonValue } from './json.ts';
import { envoyResources } from './resources.ts';
import { secretReferences } from './secret-references.ts';

const edge = proxyIn('shop', { role: 'gateway', labels: { istio: 'edge', 'gateway.networking.k8s.io/gateway-name': 'api' } });

const server = (port: number, tls: string): string => `{port: {number: ${port}, name: p${port}, protocol: HTTPS}, hosts: ["*"], tls: ${tls}}`;
const gateway = (...servers: string[]): string => doc('Gateway', 'shop/edge', `selector: {istio: edge}, servers: [${servers.join(', ')}]`);
const rule = (tls: string): string => doc('DestinationRule', 'shop/web', `host: web.shop.svc.cluster.local, trafficPolicy: {tls: ${tls}}`);
const api = (reference: string): string =>
  apiGateway('shop/api', `gatewayClassName: istio, listeners: [{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [${reference}]}}]`);

const tableOf = (text: string): RoutingTable => routingTable(meshOf([svc('shop/web http:80'), text].join('---\n')), edge);

/** Names that the configuration asks the control plane for. */
function* asked(value: JsonValue | undefined): Generator<string> {
  if (Array.isArray(value)) for (const one of value) yield* asked(one);
  else if (typeof value === 'object' && value !== null) {
    const { name, sds_config: source } = value;
    if (typeof source === 'object' && source !== null && 'ads' in source) yield String(name);
    for (const one of Object.values(value)) yield* asked(one);
  }
}

it.each<[string, string, [resource: string, secret: string, what: string][]]>([
  ['a certificate', gateway(server(443, '{mode: SIMPLE, credentialName: web}')), [['kubernetes://web', 'shop/web', 'pair']]],
  [
    'with the roots of clients',
    gateway(server(443, '{mode: MUTUAL, credentialName: web}')),
    [
      ['kubernetes://web', 'shop/web', 'pair'],
      ['kubernetes://web-cacert', 'shop/web-cacert', 'roots'],
    ],
  ],
  [
    'with roots of another Secret',
    gateway(server(443, '{mode: OPTIONAL_MUTUAL, credentialName: web, caCertCredentialName: roots}')),
    [
      ['kubernetes://web', 'shop/web', 'pair'],
      ['kubernetes://roots', 'shop/roots', 'roots'],
    ],
  ],
  [
    'two certificates of one server',
    gateway(server(443, '{mode: SIMPLE, credentialNames: [rsa, ecdsa]}')),
    [
      ['kubernetes://rsa', 'shop/rsa', 'pair'],
      ['kubernetes://ecdsa', 'shop/ecdsa', 'pair'],
    ],
  ],
  [
    'one for two servers',
    gateway(server(443, '{mode: SIMPLE, credentialName: web}'), server(8443, '{mode: SIMPLE, credentialName: web}')),
    [['kubernetes://web', 'shop/web', 'pair']],
  ],
  ['the mesh, and what goes through', gateway(server(443, '{mode: ISTIO_MUTUAL}'), server(8443, '{mode: PASSTHROUGH}')), []],
  ['a certificate for a server', rule('{mode: SIMPLE, credentialName: out}'), [['kubernetes://out-cacert', 'shop/out-cacert', 'roots']]],
  [
    'and one for the client',
    rule('{mode: MUTUAL, credentialName: out}'),
    [
      ['kubernetes://out', 'shop/out', 'pair'],
      ['kubernetes://out-cacert', 'shop/out-cacert', 'roots'],
    ],
  ],
  ['nothing of the server is verified', rule('{mode: SIMPLE, credentialName: out, insecureSkipVerify: true}'), []],
  ['of the Gateway API', api('{name: web}'), [['kubernetes://web', 'shop/web', 'pair']]],
  ['of the Gateway API, of another namespace', api('{name: web, namespace: keys}'), [['kubernetes-gateway://keys/web', 'keys/web', 'pair']]],
])('%s', (_, text, expected) => {
  const table = tableOf(text);
  const references = secretReferences(table);
  expect(references.map(({ resource, secret, what }) => [resource, secret, what])).toEqual(expected);
  // Just what an Envoy asks for.
  const { listeners, clusters } = envoyResources(table, { meshTls: 'sds', secrets: 'ads' });
  expect([...new Set([...asked(listeners), ...asked(clusters)])].sort()).toEqual(expected.map(([resource]) => resource).sort());
  expect(secretReferences({ ...table })).toBe(references);
});
