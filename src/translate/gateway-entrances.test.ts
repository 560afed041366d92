import { expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { entranceOf, isEntranceOf } from './gateway-entrances.ts';

const object = (kind: string, name: string, spec: string, apiVersion = 'networking.istio.io/v1'): string =>
  `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: infra}\nspec: {${spec}}\n`;
const edge = object('Gateway', 'edge', 'selector: {istio: edge}');
const service = (spec: string): string => object('Service', 'edge', spec, 'v1');
const entry = (spec: string): string => object('ServiceEntry', 'api', `hosts: [api.example], ports: [{number: 80, name: http}], ${spec}`);
const host = 'edge.infra.svc.cluster.local';

it.each([
  ['the service of the gateway', edge + service('selector: {istio: edge, app: edge}, ports: [{port: 80}]'), host, 0, ['infra/edge 80']],
  ['another port', edge + service('selector: {istio: edge}, ports: [{port: 80}]'), host, 81, []],
  ['one port of several', edge + service('selector: {istio: edge}, ports: [{port: 80, targetPort: 8080}, {port: 443}]'), host, 80, ['infra/edge 80 8080']],
  ['a target that is a port itself', edge + service('selector: {istio: edge}, ports: [{port: 80, targetPort: 443}, {port: 443}]'), host, 80, ['infra/edge 80']],
  ['no port of several', edge + service('selector: {istio: edge}, ports: [{port: 80}, {port: 443}]'), host, 0, []],
  ['some pods of the gateway', edge + service('selector: {app: edge}, ports: [{port: 80}]'), host, 80, []],
  ['a service without a selector', edge + service('ports: [{port: 80}]'), host, 80, []],
  ['a gateway that selects everything', object('Gateway', 'any', '') + service('selector: {a: b}, ports: [{port: 80}]'), host, 80, []],
  [
    'an installed gateway',
    object('Gateway', 'out', 'selector: {istio: egressgateway}'),
    'istio-egressgateway.istio-system.svc.cluster.local',
    80,
    ['infra/out 80'],
  ],
  [
    'an installed gateway without a port',
    object('Gateway', 'out', 'selector: {istio: egressgateway}'),
    'istio-egressgateway.istio-system.svc.cluster.local',
    0,
    [],
  ],
  [
    'a name for the gateway',
    edge + service('selector: {istio: edge}, ports: [{port: 80}]') + entry(`resolution: DNS, endpoints: [{address: ${host}}]`),
    'api.example',
    0,
    ['infra/edge 80'],
  ],
  [
    'a name with a port of its own',
    edge + service('selector: {istio: edge}, ports: [{port: 81}]') + entry(`resolution: DNS, endpoints: [{address: ${host}, ports: {http: 81}}]`),
    'api.example',
    80,
    ['infra/edge 81'],
  ],
  [
    'a name for two',
    edge + service('selector: {istio: edge}, ports: [{port: 80}]') + entry(`resolution: DNS, endpoints: [{address: ${host}}, {address: b.example}]`),
    'api.example',
    80,
    [],
  ],
  ['a name that DNS knows', edge + entry('resolution: DNS'), 'api.example', 80, []],
])('%s', (_, yaml, name, port, expected) => {
  const mesh = meshOf(yaml);
  const entrance = entranceOf(mesh, 'infra', { host: name, port });
  const gateways = mesh.list('Gateway').filter((gateway) => entrance && isEntranceOf(entrance, gateway));
  expect(gateways.map((gateway) => [gateway.fullName, ...(entrance?.ports ?? [])].join(' '))).toEqual(expected);
});
