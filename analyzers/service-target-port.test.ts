import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './service-target-port.ts';

const service = (ports: string, more = ''): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec: {${more}selector: {app: cart}, ports: [${ports}]}\n`;
const deployment = (containers: string, name = 'cart', more = ''): string =>
  `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: shop}\nspec: {template: {metadata: {labels: {app: cart}}, spec: {${more}containers: [${containers}]}}}\n`;
const cart = deployment('{name: app, image: a, ports: [{name: http-web, containerPort: 8080}, {name: dns, containerPort: 5353, protocol: UDP}]}');
const run = (yaml: string, options: TestOptions = {}) => findingsOf(analyzer, yaml, { preset: 'recommended', ...options });
const said = (yaml: string): string[] => run(yaml).map((f) => `${f.level} ${f.path?.slice(2).join('.')} ${f.fix?.text ?? ''}`.trim());

it.each([
  ['a number', '{port: 80, targetPort: 8080}', []],
  ['a number in quotes', '{port: 80, targetPort: "8080"}', []],
  ['no target', '{port: 8080}', []],
  ['a port of the sidecar', '{port: 15020}', []],
  ['a name', '{port: 80, targetPort: http-web}', []],
  ['another number', '{port: 80, targetPort: 9090}', ['Info 0.targetPort']],
  ['no target and another number', '{port: 80}', ['Info 0.port']],
  ['a name with a typing error', '{port: 80, targetPort: htp-web}', ['Warning 0.targetPort http-web']],
  ['the name of another protocol', '{port: 80, targetPort: https}', ['Warning 0.targetPort']],
  ['an unknown name', '{port: 80, targetPort: metrics}', ['Warning 0.targetPort']],
  ['a name of another protocol', '{port: 80, targetPort: dns}', ['Warning 0.targetPort']],
  ['a name of its protocol', '{port: 53, targetPort: dns, protocol: UDP}', []],
  ['one of two', '{port: 80, targetPort: 8080}, null, {port: 90, targetPort: gone}', ['Warning 2.targetPort']],
])('%s', (_, ports, expected) => {
  expect(said(service(ports) + cart).sort()).toEqual(expected);
});

it('takes no protocol for a typing error of another', () => {
  const yaml = service('{port: 443, targetPort: https}') + deployment('{name: app, ports: [{name: http, containerPort: 8080}]}');
  expect(said(yaml)).toEqual(['Warning 0.targetPort']);
});

it('says where requests go', () => {
  expect(run(service('{port: 80, targetPort: metrics}') + cart)[0]?.text).toBe(
    'port 80 goes to the port named "metrics", and no container of Deployment cart has a port of that name; declared: http-web (8080), dns (5353)',
  );
  expect(run(service('{port: 80, targetPort: 9090}') + cart)[0]?.text).toContain('port 80 goes to port 9090');
});

it('one workload that has it is enough', () => {
  const v2 = deployment('{name: app, ports: [{name: metrics, containerPort: 9090}]}', 'v2');
  expect(said(service('{port: 80, targetPort: metrics}, {port: 81, targetPort: 9090}') + cart + v2)).toEqual([]);
});

it.each([
  ['lists no ports', deployment('{name: app}')],
  ['is a gateway', deployment('{name: istio-proxy, image: auto, ports: [{name: prom, containerPort: 15090}]}')],
  [
    'has a sidecar among its init containers',
    deployment('{name: app}', 'cart', 'initContainers: [{name: p, restartPolicy: Always, ports: [{containerPort: 9090}]}], '),
  ],
  [
    'is selected by a Gateway',
    `${cart}---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g, namespace: edge}\nspec: {selector: {app: cart}}\n`,
  ],
  ['has other labels', cart.replace('app: cart', 'app: pay')],
])('says nothing of a number when the workload %s', (_, yaml) => {
  expect(said(service('{port: 80, targetPort: 9090}') + yaml)).toEqual([]);
});

it.each([
  ['without a selector', '---\napiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec: {ports: [{port: 80, targetPort: gone}]}\n'],
  ['of an external name', service('{port: 80, targetPort: gone}', 'type: ExternalName, ')],
  ['with strange ports', service('7, {port: x, targetPort: {a: b}}, {port: 80, targetPort: [1]}')],
])('says nothing of a service %s', (_, yaml) => {
  expect(said(yaml + cart)).toEqual([]);
});

it('containers with strange ports', () => {
  expect(said(service('{port: 80, targetPort: gone}') + deployment('{name: app, ports: {a: b}}, 7, {ports: [null, {name: 3}]}'))).toEqual([
    'Warning 0.targetPort',
  ]);
});
