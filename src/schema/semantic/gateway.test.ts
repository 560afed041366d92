import { expect, test } from 'vitest';
import { validateGateway } from './gateway.ts';
import { placeOf, problemsOf } from './testing.ts';

const placesOf = (spec: string, name = 'edge'): string[] =>
  problemsOf(validateGateway, 'Gateway', spec, { name }).map((p) => placeOf(p).replace('spec.servers', ''));
const server = (rest: string, port = '{number: 80, name: http, protocol: HTTP}'): string => `servers: [{port: ${port}, ${rest}}]`;

test('a gateway has a name without dots and a server', () => {
  expect(placesOf(server('hosts: ["*"]'), 'edge.shop')).toEqual(['IST0106 metadata.name']);
  expect(placesOf('servers: []')).toEqual(['IST0106 ']);
});

test.each<[string, string, string[]]>([
  ['a null server', 'servers: [null]', ['hosts', 'port']],
  ['an empty port', server('hosts: ["*"]', '{}'), ['port.protocol', 'port.number', 'port.name']],
  ['an unknown protocol', server('hosts: ["*"]', '{number: 80, name: a, protocol: FTP}'), ['port.protocol']],
  ['a protocol in lower case', server('hosts: ["*"]', '{number: 80, name: a, protocol: grpc-web}'), []],
  ['a target port', server('hosts: ["*"]', '{number: 80, name: a, protocol: TCP, targetPort: 8080}'), ['port.targetPort']],
  ['an address', server('hosts: ["*"], bind: 10.0.0.1'), []],
  ['a wrong address', server('hosts: ["*"], bind: localhost'), ['bind']],
  ['a socket', server('hosts: ["*"], bind: "unix:///run/a.sock"', '{name: a, protocol: HTTP}'), []],
  ['an abstract socket', server('hosts: ["*"], bind: "unix://@a"', '{name: a, protocol: HTTP}'), []],
  ['a socket with a port', server('hosts: ["*"], bind: "unix:///run/a.sock"'), ['port.number']],
  ['a socket that is a directory', server('hosts: ["*"], bind: "unix:///run/"', '{name: a, protocol: HTTP}'), ['bind']],
])('%s', (_, spec, places) => {
  expect(placesOf(spec)).toEqual(places.map((p) => `IST0106 [0].${p}`));
});

test.each<[string, number]>([
  ['*', 0],
  ['*.example', 0],
  ['shop.example', 0],
  ['10.1.2.3', 0],
  ['./shop.example', 0],
  ['*/*', 0],
  ['front/shop.example', 0],
  ['shop', 1],
  ['~/shop.example', 1],
  ['front-/shop.example', 1],
  ['*.*.example', 1],
  ['*shop.example', 1],
  ['sh op.example', 1],
  ['/shop.example', 2],
  ['front/', 3],
])('host %s has %i problems', (host, count) => {
  expect(placesOf(server(`hosts: ["${host}"]`))).toEqual(Array(count).fill('IST0106 [0].hosts[0]'));
});

test('hosts with the same wrong end are one problem of the reference', () => {
  const [first, second] = problemsOf(validateGateway, 'Gateway', server('hosts: [a.b_c.d, e.b_c.d]'));
  expect(first?.same).toBe(second?.same);
});

test('names of ports are unique', () => {
  const port = (name: string): string => `{port: {number: 80, name: "${name}", protocol: HTTP}, hosts: ["*"]}`;
  expect(placesOf(`servers: [${port('a')}, ${port('b')}, ${port('a')}]`)).toEqual(['IST0106 [2].port.name']);
  expect(placesOf(`servers: [${port('')}, ${port('')}]`)).toEqual(['IST0106 [0].port.name', 'IST0106 [1].port.name', 'IST0106 [1].port.name']);
});

test.each<[string, string, string[]]>([
  ['HTTPS', '', ['IST0106 tls']],
  ['tls', '', ['IST0106 tls']],
  ['HTTPS', '{mode: PASSTHROUGH}', []],
  ['HTTP', '{httpsRedirect: true}', []],
  ['HTTP', '{mode: AUTO_PASSTHROUGH}', []],
  ['HTTP', '{mode: SIMPLE, credentialName: c}', ['IST0106 tls']],
  ['HTTP', '{privateKey: k}', ['IST0133 tls.privateKey', 'IST0106 tls']],
  ['TCP', '{}', ['IST0106 tls']],
  ['TCP', '{httpsRedirect: true}', ['IST0106 tls', 'IST0133 tls.httpsRedirect']],
  ['HTTPS', '{httpsRedirect: true}', ['IST0133 tls.httpsRedirect']],
])('a port of protocol %s and tls %s', (protocol, tls, places) => {
  const spec = server(`hosts: ["*"]${tls && `, tls: ${tls}`}`, `{number: 443, name: a, protocol: ${protocol}}`);
  expect(placesOf(spec)).toEqual(places.map((p) => p.replace(' ', ' [0].')));
});

test('a wrong port is not asked for tls', () => {
  expect(placesOf(server('hosts: ["*"]', '{number: 443, protocol: HTTPS}'))).toEqual(['IST0106 [0].port.name']);
});
