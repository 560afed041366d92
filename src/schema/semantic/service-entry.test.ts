import { expect, test } from 'vitest';
import { validateServiceEntry } from './service-entry.ts';
import { placeOf, problemsOf } from './testing.ts';
import type { Target } from './validator.ts';

const placesOf = (spec: string, target?: Partial<Target>): string[] =>
  problemsOf(validateServiceEntry, 'ServiceEntry', `{${spec}}`, target).map((p) => placeOf(p).replace('spec.', '').replace('IST0106 ', ''));

test.each<[string, string, string[]]>([
  ['no hosts', '', ['hosts']],
  ['every host', 'hosts: ["*"]', ['hosts[0]']],
  ['wildcards', 'hosts: ["*.a.example", "*a.example", a_b]', ['IST0133 hosts[1]', 'hosts[2]']],
  ['addresses', 'hosts: [a.example], addresses: [10.0.0.0/8, 10.0.0.1, 10.0.0.0/33, x]', ['addresses[2]', 'addresses[3]']],
  ['a wrong selector hides the rest', 'workloadSelector: {labels: {app: "*"}}', ['workloadSelector.labels.app']],
  ['a selector for resolution NONE', 'hosts: [a.example], workloadSelector: {}', ['IST0133 workloadSelector', 'IST0133 workloadSelector']],
  ['selected and listed', 'hosts: [a.example], resolution: STATIC, workloadSelector: {labels: {app: a}}, endpoints: [{address: 10.0.0.1}]', ['endpoints']],
  ['selected and an empty list', 'hosts: [a.example], resolution: STATIC, workloadSelector: {labels: {app: a}}, endpoints: []', []],
  ['exported to nobody', 'hosts: [a.example], exportTo: ["~"]', []],
  ['exported to nobody and to all', 'hosts: [a.example], exportTo: ["~", "*"]', ['exportTo', 'exportTo']],
  [
    'ports',
    'hosts: [a.example], resolution: STATIC, ports: [{number: 80, name: a}, {number: 80, name: a, targetPort: 65536}, {number: 81, name: a_b, protocol: FTP}]',
    ['ports[1].name', 'ports[1].number', 'ports[1].targetPort', 'ports[2].name', 'ports[2].protocol'],
  ],
  ['a null port', 'hosts: [a.example], resolution: STATIC, ports: [null]', ['ports[0].name', 'ports[0].number']],
])('%s', (_, spec, places) => {
  expect(placesOf(spec)).toEqual(places);
});

test.each<[string, string, Partial<Target>, boolean]>([
  ['resolution NONE', 'resolution: NONE, ports: [{number: 80, name: a, protocol: TCP}]', {}, true],
  ['no protocol', 'ports: [{number: 80, name: a}]', {}, true],
  ['lower case', 'ports: [{number: 80, name: a, protocol: tcp}]', {}, false],
  ['HTTP', 'ports: [{number: 80, name: a, protocol: HTTP}]', {}, false],
  ['an address', 'addresses: [10.0.0.1], ports: [{number: 80, name: a, protocol: TCP}]', {}, false],
  ['resolution STATIC', 'resolution: STATIC, ports: [{number: 80, name: a, protocol: TCP}]', {}, false],
  [
    'opted out',
    'resolution: STATIC, ports: [{number: 80, name: a}]',
    { metadata: true, labels: { 'networking.istio.io/enable-autoallocate-ip': 'False' } },
    true,
  ],
  [
    'opted out, where labels do not count',
    'resolution: STATIC, ports: [{number: 80, name: a}]',
    { labels: { 'networking.istio.io/enable-autoallocate-ip': 'false' } },
    false,
  ],
  [
    'not opted out',
    'resolution: STATIC, ports: [{number: 80, name: a}]',
    { metadata: true, labels: { 'networking.istio.io/enable-autoallocate-ip': 'true' } },
    false,
  ],
])('TCP needs an address: %s', (_, spec, target, warned) => {
  expect(placesOf(`hosts: [a.example], ${spec}`, target)).toEqual(warned ? ['IST0133 ports[0]'] : []);
});

const ports = 'ports: [{number: 80, name: http, protocol: HTTP}]';

test.each<[string, string, string[]]>([
  ['NONE', 'endpoints: [{}]', ['endpoints']],
  ['STATIC', 'endpoints: [{address: 10.0.0.1, ports: {http: 80}}]', []],
  [
    'STATIC',
    'endpoints: [null, {address: a.b}, {address: 10.0.0.1, ports: {grpc: 80}, labels: {"a b": c}}]',
    ['endpoints[0].address', 'endpoints[1].address', 'endpoints[2].ports.grpc', 'endpoints[2].labels["a b"]'],
  ],
  ['STATIC', 'endpoints: [{address: "unix:///a"}]', []],
  ['STATIC', 'addresses: [10.0.0.0/8]', []],
  ['DNS', 'addresses: [10.0.0.0/8]', ['addresses[0]']],
  [
    'DNS',
    'endpoints: [{address: a.b}, {address: 10.0.0.1}, {address: "unix:///a"}, {address: a.b, ports: {grpc: 0}}]',
    ['endpoints[2].address', 'endpoints[3].ports.grpc', 'endpoints[3].ports.grpc'],
  ],
  ['DNS_ROUND_ROBIN', 'endpoints: [{address: a.b}]', []],
  ['DNS_ROUND_ROBIN', 'endpoints: [{address: a.b}, {address: a.c}]', ['endpoints[1]']],
  ['DYNAMIC_DNS', 'location: MESH_INTERNAL, addresses: [10.0.0.1], endpoints: [{}]', ['hosts[0]', 'addresses', 'endpoints', 'location']],
  ['7', '', ['resolution']],
])('resolution %s, %s', (resolution, spec, places) => {
  expect(placesOf(`hosts: [a.example], ${ports}, resolution: ${resolution}, ${spec}`)).toEqual(places);
});

test('a Unix socket serves a service of one port', () => {
  expect(
    placesOf(
      'hosts: [a.example], resolution: STATIC, ports: [{number: 80, name: a, protocol: HTTP}, {number: 81, name: b, protocol: HTTP}], endpoints: [{address: "unix:///a"}]',
    ),
  ).toEqual(['endpoints[0].address']);
});

test.each<[string, string, string[]]>([
  ['DNS', '', ['hosts[0]']],
  ['DNS', 'endpoints: [{address: a.b}]', []],
  ['STATIC', '', []],
  ['DYNAMIC_DNS', '', []],
  ['DYNAMIC_DNS', 'ports: [{number: 443, name: a, protocol: TLS}]', ['ports[0].protocol']],
  ['DYNAMIC_DNS', 'ports: [{number: 80, name: a, protocol: http}]', []],
])('a wildcard with resolution %s, %s', (resolution, spec, places) => {
  expect(placesOf(`hosts: ["*.a.example"], resolution: ${resolution}, ${spec}`)).toEqual(places);
});

test.each<[string, string, string[]]>([
  ['NONE', 'TCP', []],
  ['STATIC', 'TCP', ['ports[0]']],
  ['STATIC', 'HTTP', []],
  ['STATIC', 'TLS', []],
  ['DNS', 'MONGO', ['IST0133 ports[0]', 'ports[0]']],
  ['DNS', 'HTTPS', ['IST0133 ports[0]']],
  ['DNS', 'HTTP', []],
])('two hosts with resolution %s share a port of protocol %s', (resolution, protocol, places) => {
  expect(
    placesOf(`hosts: [a.example, b.example], addresses: [10.0.0.1], resolution: ${resolution}, ports: [{number: 80, name: a, protocol: ${protocol}}]`),
  ).toEqual(places);
});
