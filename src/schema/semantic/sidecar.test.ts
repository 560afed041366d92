import { expect, test } from 'vitest';
import { validateSidecar } from './sidecar.ts';
import { placeOf, problemsOf } from './testing.ts';

const placesOf = (spec: string): string[] => problemsOf(validateSidecar, 'Sidecar', spec).map((p) => placeOf(p).replace('spec.', ''));

test.each<[string, string, string[]]>([
  ['nothing', '{}', ['IST0106 spec']],
  ['nothing for everyone', '{workloadSelector: {}}', ['IST0106 spec']],
  ['nothing but a wrong selector', '{workloadSelector: {labels: {app: "*"}}}', ['IST0106 workloadSelector.labels.app']],
  ['a wrong selector hides the rest', '{workloadSelector: {labels: {app: "*"}}, egress: [{}]}', ['IST0106 workloadSelector.labels.app']],
  ['something for everyone', '{workloadSelector: {}, outboundTrafficPolicy: {}}', ['IST0133 workloadSelector']],
  ['a connection pool', '{inboundConnectionPool: {}}', ['IST0106 inboundConnectionPool']],
  ['an egress proxy', '{outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: a.b, port: {number: 80}}}}', []],
  ['an egress proxy without ALLOW_ANY', '{outboundTrafficPolicy: {egressProxy: {}}}', ['IST0106 outboundTrafficPolicy.egressProxy']],
  [
    'an egress proxy without a port',
    '{outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: a.b, subset: "-"}}}',
    ['IST0106 outboundTrafficPolicy.egressProxy.port'],
  ],
  [
    'a wrong egress proxy',
    '{outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: "*.b", subset: "-", port: {}}}}',
    [
      'IST0106 outboundTrafficPolicy.egressProxy.host',
      'IST0106 outboundTrafficPolicy.egressProxy.subset',
      'IST0106 outboundTrafficPolicy.egressProxy.port.number',
    ],
  ],
])('%s', (_, spec, places) => {
  expect(placesOf(spec)).toEqual(places);
});

test.each<[string, string, string[]]>([
  ['no port', '[null]', ['IST0106 0.port']],
  [
    'a port',
    '[{port: {number: 80, name: a_b, protocol: FTP, targetPort: 1}, bind: x}]',
    ['IST0106 0.port.targetPort', 'IST0106 0.port.name', 'IST0106 0.port.protocol', 'IST0106 0.bind'],
  ],
  ['a port twice', '[{port: {number: 80}}, {port: {number: 80}}]', ['IST0106 1.port.number']],
  [
    'a connection pool',
    '[{port: {number: 80}, connectionPool: {http: {}}}, {port: {number: 81, protocol: GRPC}, connectionPool: {http: {maxRetries: -1}}}]',
    ['IST0133 0.connectionPool.http', 'IST0106 1.connectionPool.http.maxRetries'],
  ],
  ['tls', '[{port: {number: 80, protocol: HTTPS}, tls: {mode: SIMPLE, serverCertificate: a, privateKey: b}}]', []],
  [
    'tls that a gateway could have',
    '[{port: {number: 80, protocol: TCP}, tls: {httpsRedirect: true, subjectAltNames: [a], mode: AUTO_PASSTHROUGH}}]',
    ['IST0106 0.tls.subjectAltNames', 'IST0106 0.tls.httpsRedirect', 'IST0106 0.tls.mode', 'IST0106 0.tls'],
  ],
])('ingress: %s', (_, listeners, places) => {
  expect(placesOf(`{ingress: ${listeners}}`).map((p) => p.replace(/ingress\[(\d)\]/, '$1'))).toEqual(places);
});

test.each<[string, number]>([
  ['127.0.0.1:80', 0],
  ['0.0.0.0:80', 0],
  ['[::1]:80', 0],
  ['[::]:80', 0],
  [':80', 0],
  ['unix:///run/a.sock', 0],
  ['unix://run/a.sock', 1],
  ['127.0.0.1', 2],
  ['127.0.0.1:http', 1],
  ['127.0.0.1:65536', 1],
  ['10.0.0.1:80', 1],
  ['10.0.0.1:0', 2],
  ['127.0.0.1:99999999999999999999', 1],
  ['::1:80', 2],
  ['[::1]80', 2],
  ['[::1', 2],
])('defaultEndpoint %s has %i problems', (endpoint, count) => {
  expect(placesOf(`{ingress: [{port: {number: 80}, defaultEndpoint: "${endpoint}"}]}`)).toEqual(Array(count).fill('IST0106 ingress[0].defaultEndpoint'));
});

test.each([
  ['127.0.0.1:http', '"http", which is not a number (strconv.Atoi)'],
  ['127.0.0.1:99999999999999999999', 'not a number of 64 bits (strconv.Atoi)'],
  ['127.0.0.1', 'the port "", which is not a number (strconv.Atoi)'],
])('defaultEndpoint %s: %s', (endpoint, words) => {
  expect(problemsOf(validateSidecar, 'Sidecar', `{ingress: [{port: {number: 80}, defaultEndpoint: "${endpoint}"}]}`).at(-1)?.text).toContain(words);
});

test.each<[string, string, string[]]>([
  ['everything', '[{hosts: ["*/*"]}]', []],
  ['no hosts', '[null]', ['IST0106 0.hosts']],
  ['the one without a port is last', '[{hosts: ["./*"]}, {hosts: ["./*"], port: {number: 80}}]', ['IST0106 0']],
  ['the one without a port', '[{hosts: ["./*"], port: {number: 80}}, {hosts: ["./*"]}]', []],
  ['a port twice', '[{hosts: ["./*"], port: {number: 80}}, {hosts: ["./*"], port: {number: 80}}]', ['IST0106 1.port.number']],
  [
    'a port out of range',
    '[{hosts: ["./*"], port: {number: 65536, protocol: X}, bind: y.z}]',
    ['IST0106 0.port.protocol', 'IST0106 0.port.number', 'IST0106 0.bind'],
  ],
  ['a socket', '[{hosts: ["./*"], port: {protocol: TCP}, bind: "unix:///a", captureMode: NONE}]', []],
  ['a socket twice', '[{hosts: ["./*"], port: {}, bind: "unix:///a"}, {hosts: ["./*"], port: {}, bind: "unix:///a"}]', ['IST0106 1.bind']],
  ['no socket', '[{hosts: ["./*"], port: {}, bind: 10.0.0.1, captureMode: IPTABLES}]', ['IST0106 0.port.number', 'IST0106 0.captureMode']],
  ['a host twice', '[{hosts: [./a.b, shop/a.b, front/a.b]}]', ['IST0133 0.hosts[1]']],
  ['a host, and all', '[{hosts: [./a.b, ./*, ./c.d]}]', ['IST0133 0.hosts[1]', 'IST0133 0.hosts[2]']],
  ['everything, and more', '[{hosts: ["*/*", ./a.b]}]', ['IST0133 0.hosts[0]']],
  ['no namespace', '[{hosts: [a.b]}]', ['IST0106 0.hosts[0]']],
  ['a nobody', '[{hosts: [~/*]}]', []],
  ['an address is no host', '[{hosts: [./10.0.0.1]}]', ['IST0106 0.hosts[0]']],
  ['partial wildcards', '[{hosts: [./*a.b]}]', ['IST0106 0.hosts[0]']],
])('egress: %s', (_, listeners, places) => {
  expect(placesOf(`{egress: ${listeners}}`).map((p) => p.replace(/egress\[(\d)\]/, '$1'))).toEqual(places);
});
