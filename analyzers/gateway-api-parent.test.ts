import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './gateway-api-parent.ts';

const api = 'apiVersion: gateway.networking.k8s.io/v1';
const gateway = (listeners: string, namespace = 'infra', name = 'edge'): string =>
  `---\n${api}\nkind: Gateway\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {gatewayClassName: istio, listeners: [${listeners}]}\n`;
const route = (parentRef: string, more = '', kind = 'HTTPRoute', namespace = 'shop'): string =>
  `---\n${api}\nkind: ${kind}\nmetadata: {name: cart, namespace: ${namespace}}\nspec: {parentRefs: [null, ${parentRef}]${more}}\n`;
const service = (name: string, namespace = 'shop'): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {ports: [{port: 80}, null, {port: 90}]}\n`;
const namespace = (labels: string): string => `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {${labels}}}\n`;
const run = (yaml: string, options: TestOptions = {}) => findingsOf(analyzer, yaml, { preset: 'recommended', ...options });
const said = (yaml: string, options?: TestOptions): string[] => run(yaml, options).map((f) => `${f.path?.join('.')}: ${f.text.replace(/^.*?: /, '')}`);

const all = 'allowedRoutes: {namespaces: {from: All}}';
const http = (more = all): string => `{name: http, port: 80, protocol: HTTP, ${more}}`;
const edge = '{name: edge, namespace: infra}';

it.each([
  ['a listener for all', gateway(http()), edge, '', []],
  ['its own namespace', gateway(http('allowedRoutes: {}'), 'shop'), '{name: edge}', '', []],
  ['a section', gateway(http()), '{name: edge, namespace: infra, sectionName: http}', '', []],
  ['a port', gateway(http()), '{name: edge, namespace: infra, port: 80}', '', []],
  ['no gateway', gateway(http()), '{name: gone, namespace: infra}', '', ['spec.parentRefs.1.name: namespace "infra" has no Gateway of this name']],
  ['another section', gateway(http()), '{name: edge, namespace: infra, sectionName: https}', '', ['spec.parentRefs.1.sectionName: it has no listener "https"']],
  ['another port', gateway(http()), '{name: edge, namespace: infra, port: 443}', '', ['spec.parentRefs.1.port: it has no listener on port 443']],
  [
    'another port of a section',
    gateway(http()),
    '{name: edge, namespace: infra, sectionName: http, port: 443}',
    '',
    ['spec.parentRefs.1.port: its listener "http" is not on port 443'],
  ],
  ['a gateway without listeners', gateway(''), edge, '', []],
  ['a class of its own', '', '{group: example.com, kind: Thing, name: t}', '', []],
  [
    'a kind of the wrong group',
    service('cart'),
    '{kind: Service, name: cart}',
    '',
    ['spec.parentRefs.1: without a group it is a kind of gateway.networking.k8s.io, which has no Service'],
  ],
])('%s', (_, parent, ref, more, expected) => {
  expect(said(parent + route(ref, more))).toEqual(expected);
});

it.each([
  ['Same by default', 'hostname: ""', '', false],
  ['Same', 'allowedRoutes: {namespaces: {from: Same}}', '', false],
  ['None', 'allowedRoutes: {namespaces: {from: None}}', '', false],
  ['All', all, '', true],
  ['labels', 'allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: shop}}}}', namespace('team: shop'), true],
  ['other labels', 'allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: shop}}}}', namespace('team: bank'), false],
  [
    'the label with the name',
    'allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: shop}}}}',
    namespace(''),
    true,
  ],
  ['labels of an unknown namespace', 'allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: shop}}}}', '', true],
])('routes of other namespaces: %s', (_, more, yaml, allowed) => {
  const found = run(gateway(http(more)) + yaml + route(edge));
  expect(found).toHaveLength(allowed ? 0 : 1);
  if (!allowed) expect(found[0]?.text).toContain('listener "http"');
});

it.each([
  ['HTTPRoute', 'HTTP', true],
  ['GRPCRoute', 'HTTPS', true],
  ['TCPRoute', 'TCP', true],
  ['TLSRoute', 'TLS', true],
  ['HTTPRoute', 'TCP', false],
  ['TCPRoute', 'HTTP', false],
  ['TLSRoute', 'HTTPS', false],
  ['HTTPRoute', 'HBONE', true],
])('%s on %s: %s', (kind, protocol, allowed) => {
  expect(run(gateway(`{name: l, port: 80, protocol: ${protocol}, ${all}}`) + route(edge, '', kind))).toHaveLength(allowed ? 0 : 1);
});

it('kinds that a listener lists', () => {
  const only = (kinds: string): string => gateway(http(`allowedRoutes: {namespaces: {from: All}, kinds: [${kinds}]}`));
  expect(said(only('{kind: GRPCRoute}') + route(edge))).toEqual(['spec.parentRefs.1: listener "http" (HTTP) takes no routes of the kind HTTPRoute']);
  expect(said(only('{kind: GRPCRoute}, {kind: HTTPRoute}') + route(edge))).toEqual([]);
  expect(said(only('{kind: HTTPRoute, group: example.com}') + route(edge))).toHaveLength(1);
});

it.each([
  ['none of the listener', '', '[a.example.com]', true],
  ['none of the route', 'a.example.com', '[]', true],
  ['the same', 'a.example.com', '[b.example.com, a.example.com]', true],
  ['case', 'a.example.com', '[A.Example.com]', true],
  ['a wildcard of the listener', '"*.example.com"', '[a.b.example.com]', true],
  ['a wildcard of the route', 'a.example.com', '["*.example.com"]', true],
  ['a wildcard is not the name itself', '"*.example.com"', '[example.com]', false],
  ['another', 'a.example.com', '[b.example.com]', false],
  ['a longer one', 'example.com', '[badexample.com]', false],
])('host names: %s', (_, listener, hostnames, allowed) => {
  const found = said(gateway(http(`${all}, hostname: ${listener || '""'}`)) + route(edge, `, hostnames: ${hostnames}`));
  expect(found).toHaveLength(allowed ? 0 : 1);
  if (!allowed) expect(found[0]).toContain('spec.hostnames: no host name of the route');
});

it('one listener that takes the route is enough', () => {
  const two = `${http('hostname: a.example.com')}, {name: tcp, port: 9000, protocol: TCP, ${all}}, {name: b, port: 81, protocol: HTTP, ${all}, hostname: b.example.com}`;
  expect(said(gateway(two) + route(edge, ', hostnames: [b.example.com]'))).toEqual([]);
  expect(said(gateway(two) + route(edge, ', hostnames: [a.example.com]'))).toEqual([
    'spec.hostnames: no host name of the route (a.example.com) is one of its listeners (b.example.com)',
  ]);
});

it.each([
  ['a service', '{group: "", kind: Service, name: cart}', []],
  ['a port', '{group: "", kind: Service, name: cart, port: 90}', []],
  ['no service', '{group: "", kind: Service, name: crt}', ['spec.parentRefs.1.name: namespace "shop" has no Service of this name']],
  ['no port', '{group: "", kind: Service, name: cart, port: 91}', ['spec.parentRefs.1.port: the Service has no port 91']],
  [
    'no service entry',
    '{group: networking.istio.io, kind: ServiceEntry, name: e}',
    ['spec.parentRefs.1.name: namespace "shop" has no ServiceEntry of this name'],
  ],
])('a route of the mesh: %s', (_, ref, expected) => {
  expect(said(service('cart') + route(ref))).toEqual(expected);
});

it('says what was meant', () => {
  expect(run(gateway(http(), 'shop', 'edge') + route('{name: egde}'))[0]?.fix).toMatchObject({ path: ['spec', 'parentRefs', 1, 'name'], text: 'edge' });
  expect(run(gateway(http()) + route('{name: edge}'))[0]?.help).toBe('it is in another namespace: write namespace: infra');
  expect(run(gateway(http()) + route('{name: edge, namespace: infra, sectionName: htp}'))[0]?.fix?.text).toBe('http');
  expect(run(service('cart') + route('{group: "", kind: Service, name: crat}'))[0]?.fix?.text).toBe('cart');
});

it('says nothing of what the input does not show', () => {
  const auto: TestOptions = { assume: 'auto' };
  expect(said(route(edge), auto)).toEqual([]);
  expect(said(route('{group: "", kind: Service, name: cart}'), auto)).toEqual([]);
  expect(said(gateway(http(), '""') + route(edge), auto)).toEqual([]);
  expect(said(gateway(http()) + route('{name: gone}'), auto)).toHaveLength(1);
});

it('reads past what has the wrong form', () => {
  expect(said(`---\n${api}\nkind: HTTPRoute\nmetadata: {name: a, namespace: shop}\nspec: 7\n`)).toEqual([]);
  expect(
    said(
      route('{name: 7}, 3, {name: edge, namespace: [1], port: x}', ', hostnames: {a: b}') +
        gateway('null, 7, {hostname: 3, allowedRoutes: [1], tls: 3, port: "80"}', 'shop'),
    ),
  ).toEqual([]);
});
