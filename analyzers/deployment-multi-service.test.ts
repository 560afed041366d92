import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import analyzer from './deployment-multi-service.ts';

const deployment = (labels = 'app: cart, sidecar.istio.io/inject: "true"', own = 'a: b'): string => `---
apiVersion: apps/v1
kind: Deployment
metadata:
  labels: {${own}}
  name: cart
  namespace: shop
spec: {template: {metadata: {labels: {${labels}}}, spec: {containers: [{name: app}]}}}
`;
const service = (name: string, ports: string, selector = '{app: cart}', namespace = 'shop'): string => `---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}}
spec: {selector: ${selector}, ports: [${ports}]}
`;
const tcp = '{port: 53}';
const udp = '{port: 53, protocol: UDP}';

it.each([
  ['one port in two protocols', deployment() + service('a', tcp) + service('b', udp), 'IST0116', 'port 53 in different protocols: [shop/a shop/b]'],
  ['in one service', deployment() + service('a', `${tcp}, ${udp}`), 'IST0116', '[shop/a shop/a]'],
  [
    'one target port for two ports',
    deployment() + service('a', '{port: 80, targetPort: 8080}') + service('b', '{port: 81, targetPort: 8080}'),
    'IST0137',
    '"8080" from',
  ],
  ['in one service', deployment() + service('a', '{port: 80, targetPort: web}, {port: 81, targetPort: web}'), 'IST0137', '"web"'],
  ['a port is its own target', deployment() + service('a', '{port: 8080}, {port: 80, targetPort: 8080}'), 'IST0137', '[80 8080]'],
] as const)('%s', (_, yaml, code, part) => {
  const [said, ...others] = runAnalyzer(analyzer, yaml);
  expect(others).toEqual([]);
  expect(said).toMatchObject({ code, line: 6 });
  expect(said?.text).toContain(part.replace(' from', ''));
});

it.each([
  ['the same protocol', deployment() + service('a', tcp) + service('b', '{port: 53, protocol: TCP}')],
  ['other ports', deployment() + service('a', tcp) + service('b', '{port: 54, protocol: UDP}')],
  ['another namespace', deployment() + service('a', tcp) + service('b', udp, '{app: cart}', 'front')],
  ['a selector that asks for more', deployment() + service('a', tcp) + service('b', udp, '{app: cart, version: v1}')],
  ['no selector', deployment() + service('a', tcp) + service('b', udp, '{}')],
  ['outside of the mesh', deployment('app: cart') + service('a', tcp) + service('b', udp)],
  ['a waypoint', deployment(undefined, 'gateway.istio.io/managed: istio.io-mesh-controller') + service('a', tcp) + service('b', udp)],
  ['null ports', deployment() + service('a', 'null') + service('b', udp)],
])('nothing to say of %s', (_, yaml) => {
  expect(runAnalyzer(analyzer, yaml)).toEqual([]);
});
