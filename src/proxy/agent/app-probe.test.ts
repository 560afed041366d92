import { describe, expect, it } from 'vitest';
import { type AppProbe, parseAppProbes } from './app-probe.ts';

const path = '/app-health/app/livez';
const only = (prober: unknown): AppProbe | undefined => parseAppProbes(JSON.stringify({ [path]: prober })).get(path);

describe('the probes of a pod', () => {
  it('as an injector of Istio writes them', () => {
    const probes = parseAppProbes(
      '{"/app-health/app/livez":{"httpGet":{"path":"/live","port":8080}},"/app-health/app/readyz":{"tcpSocket":{"port":8080}},"/app-health/app/startupz":{"grpc":{"port":9090,"service":null}}}',
    );
    expect([...probes]).toEqual([
      ['/app-health/app/livez', { timeoutMs: 1000, check: { kind: 'http', scheme: 'http', host: undefined, port: 8080, path: '/live', headers: [] } }],
      ['/app-health/app/readyz', { timeoutMs: 1000, check: { kind: 'tcp', host: undefined, port: 8080 } }],
      ['/app-health/app/startupz', { timeoutMs: 1000, check: { kind: 'grpc', port: 9090, service: '' } }],
    ]);
  });

  it.each<[string, unknown, Partial<AppProbe> | { check: object }]>([
    ['the time', { tcpSocket: { port: 1 }, timeoutSeconds: 4 }, { timeoutMs: 4000 }],
    ['no time', { tcpSocket: { port: 1 }, timeoutSeconds: 0 }, { timeoutMs: 1000 }],
    ['a path without a slash', { httpGet: { port: 1, path: 'live?x=1' } }, { check: { path: '/live?x=1' } }],
    ['no path', { httpGet: { port: 1 } }, { check: { path: '/' } }],
    ['a host', { httpGet: { port: 1, host: '10.0.0.1' } }, { check: { host: '10.0.0.1' } }],
    ['TLS', { httpGet: { port: 1, scheme: 'HTTPS' } }, { check: { scheme: 'https' } }],
    ['headers', { httpGet: { port: 1, httpHeaders: [{ name: 'a', value: '1' }] } }, { check: { headers: [['a', '1']] } }],
    ['a service of gRPC', { grpc: { port: 1, service: 'cart' } }, { check: { service: 'cart' } }],
    ['null for what is not there', { httpGet: null, tcpSocket: { port: 7, host: null } }, { check: { kind: 'tcp', port: 7 } }],
  ])('%s', (_, prober, expected) => {
    expect(only(prober)).toMatchObject(expected);
  });

  it.each([
    ['{', /^it is no JSON/],
    ['[]', /^it is no object/],
    ['{"/stats/prometheus": {"tcpSocket": {"port": 1}}}', /^"\/stats\/prometheus" is no path of the form/],
    [`{"${path}": {}}`, /has none of httpGet, tcpSocket and grpc/],
    [`{"${path}": {"tcpSocket": {"port": 1}, "grpc": {"port": 1}}}`, /has more than one of/],
    [`{"${path}": {"tcpSocket": {"port": "http"}}}`, /the port of tcpSocket is no number from 1 to 65535/],
    [`{"${path}": {"tcpSocket": {"port": 0}}}`, /the port of tcpSocket/],
    [`{"${path}": {"httpGet": {"port": 1, "scheme": "FTP"}}}`, /scheme is HTTP or HTTPS/],
    [`{"${path}": {"httpGet": {"port": 1, "httpHeaders": [{"name": 3}]}}}`, /name of a header is no text/],
    [`{"${path}": {"tcpSocket": {"port": 1}, "timeoutSeconds": "1s"}}`, /timeoutSeconds is no number/],
  ])('%s is refused', (text, problem) => {
    expect(() => parseAppProbes(text)).toThrow(problem);
  });
});
