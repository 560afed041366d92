import { describe, expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import { formatPath } from '../src/manifest/problem.ts';
import analyzer from './routing-loop.ts';

const object = (kind: string, fullName: string, spec: string, apiVersion = 'networking.istio.io/v1'): string => {
  const [namespace, name] = fullName.split('/');
  return `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {${spec}}\n`;
};
const gateway = (name: string, server = '{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}'): string =>
  object('Gateway', `infra/${name}`, `selector: {istio: ${name}}, servers: [${server}]`) +
  object('Service', `infra/${name}`, `selector: {istio: ${name}, app: gateway}, ports: [{port: 80}, {port: 443}]`, 'v1');
const fqdn = (name: string): string => `${name}.infra.svc.cluster.local`;
const to = (name: string, port = 80): string => `{destination: {host: ${fqdn(name)}, port: {number: ${port}}}}`;
const cart = '{destination: {host: cart}}';
const service = (name: string, gateways: string, ...rules: string[]): string =>
  object('VirtualService', `shop/${name}`, `hosts: [a.example], gateways: [${gateways}], http: [${rules.map((r) => `{${r}}`).join(', ')}]`);
const found = (yaml: string) => findingsOf(analyzer, yaml, { preset: 'recommended' });
const places = (...yaml: string[]): string[] =>
  found(yaml.join('')).map(({ resource, path }) => `${resource.name} ${formatPath(path ?? []).replace('spec.', '')}`);

describe('one gateway', () => {
  it.each([
    ['sends to itself', service('a', 'infra/edge', `route: [${to('edge')}]`), ['a http[0].route[0].destination']],
    ['sends to itself for sidecars, too', service('a', 'mesh, infra/edge', `route: [${to('edge')}]`), ['a http[0].route[0].destination']],
    [
      'gets from sidecars and sends on',
      service('a', 'mesh, infra/edge', `match: [{gateways: [mesh]}], route: [${to('edge')}]`, `match: [{gateways: [infra/edge]}], route: [${cart}]`),
      [],
    ],
    ['sends to a service', service('a', 'infra/edge', `route: [${cart}]`), []],
    ['mirrors to itself', service('a', 'infra/edge', `route: [${cart}], mirror: {host: ${fqdn('edge')}, port: {number: 80}}`), ['a http[0].mirror']],
    ['mirrors nothing', service('a', 'infra/edge', `route: [${cart}], mirror: {host: ${fqdn('edge')}, port: {number: 80}}, mirrorPercentage: {value: 0}`), []],
    [
      'mirrors to itself, among others',
      service(
        'a',
        'infra/edge',
        `route: [${cart}], mirrors: [{destination: {host: cart}}, {destination: {host: ${fqdn('edge')}, port: {number: 80}}, percentage: {value: 5}}]`,
      ),
      ['a http[0].mirrors[1].destination'],
    ],
    [
      'sends a share to itself',
      service('a', 'infra/edge', `route: [${cart.replace('}}', '}, weight: 90}')}, ${to('edge').replace('}}}', '}}, weight: 10}')}]`),
      ['a http[0].route[1].destination'],
    ],
    [
      'sends no share to itself',
      service('a', 'infra/edge', `route: [${cart.replace('}}', '}, weight: 90}')}, ${to('edge').replace('}}}', '}}, weight: 0}')}]`),
      [],
    ],
    ['sends to itself under another name', service('a', 'infra/edge', `rewrite: {authority: b.example}, route: [${to('edge')}]`), []],
    ['sends to itself with another path', service('a', 'infra/edge', `rewrite: {uri: /b}, route: [${to('edge')}]`), []],
    ['sends to itself with another host header', service('a', 'infra/edge', `headers: {request: {set: {Host: b.example}}}, route: [${to('edge')}]`), []],
    [
      'sends to itself with a header that nobody asks for',
      service('a', 'infra/edge', `headers: {request: {set: {x: b}}}, route: [${to('edge')}]`),
      ['a http[0].route[0].destination'],
    ],
    [
      'sends to itself with a header that a rule asks for',
      service('a', 'infra/edge', `match: [{headers: {x: {exact: b}}}], route: [${cart}]`, `headers: {request: {set: {X: b}}}, route: [${to('edge')}]`),
      [],
    ],
    ['sends to a port without a server', service('a', 'infra/edge', `route: [${to('edge', 443)}]`), []],
    ['sends from another port', service('a', 'infra/edge', `match: [{port: 443}], route: [${to('edge')}]`), []],
    ['would, if the rule were reached', service('a', 'infra/edge', `route: [${cart}]`, `route: [${to('edge')}]`), []],
    ['would, if it forwarded', service('a', 'infra/edge', 'redirect: {uri: /b}'), []],
    ['would, if the subset were there', service('a', 'infra/edge', `route: [{destination: {host: ${fqdn('edge')}, subset: v1, port: {number: 80}}}]`), []],
    [
      'expects TLS of itself',
      service('a', 'infra/edge', `route: [${to('edge')}]`) + object('DestinationRule', 'infra/edge', 'host: edge, trafficPolicy: {tls: {mode: SIMPLE}}'),
      [],
    ],
    [
      'has another name',
      service('a', 'infra/edge', 'route: [{destination: {host: b.example}}]') +
        object(
          'ServiceEntry',
          'shop/b',
          `hosts: [b.example], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS, endpoints: [{address: ${fqdn('edge')}}]`,
        ),
      ['a http[0].route[0].destination'],
    ],
  ])('%s', (_, yaml, expected) => expect(places(gateway('edge'), yaml)).toEqual(expected));

  it.each([
    ['redirects to HTTPS', '{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"], tls: {httpsRedirect: true}}', []],
    ['takes HTTPS', '{port: {number: 80, name: https, protocol: HTTPS}, hosts: ["*"]}', []],
    ['takes other hosts', '{port: {number: 80, name: http, protocol: HTTP}, hosts: ["b.example"]}', []],
    ['takes gRPC', '{port: {number: 80, name: grpc, protocol: GRPC}, hosts: ["*"]}', ['a http[0].route[0].destination']],
  ])('%s', (_, server, expected) => expect(places(gateway('edge', server), service('a', 'infra/edge', `route: [${to('edge')}]`))).toEqual(expected));

  it('of an installation is known without its service', () => {
    const egress = object(
      'Gateway',
      'shop/egress',
      'selector: {istio: egressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [a.example]}]',
    );
    const route = service('a', 'mesh, egress', 'route: [{destination: {host: istio-egressgateway.istio-system.svc.cluster.local, port: {number: 80}}}]');
    const [finding] = found(egress + route);
    expect(finding?.text).toBe(
      'requests go to istio-egressgateway.istio-system.svc.cluster.local, which is gateway shop/egress itself: they come back to this rule, again and again',
    );
    expect(finding?.help).toMatch(/gateways: \[mesh\]/);
  });
});

describe('two gateways', () => {
  it.each([
    [
      'send to each other',
      [service('a', 'infra/in', `route: [${to('out')}]`), service('b', 'infra/out', `route: [${to('in')}]`)],
      ['a http[0].route[0].destination'],
    ],
    [
      'send to each other what no other rule takes',
      [service('a', 'infra/in', `match: [{uri: {prefix: /a}}], route: [${cart}]`, `route: [${to('out')}]`), service('b', 'infra/out', `route: [${to('in')}]`)],
      ['a http[1].route[0].destination'],
    ],
    [
      'send to each other some paths',
      [service('a', 'infra/in', `match: [{uri: {prefix: /a}}], route: [${to('out')}]`), service('b', 'infra/out', `route: [${to('in')}]`)],
      [],
    ],
    ['send on', [service('a', 'infra/in', `route: [${to('out')}]`), service('b', 'infra/out', `route: [${cart}]`)], []],
    [
      'take together what they would send to each other',
      [
        service('a', 'infra/in', `match: [{scheme: {exact: http}}], route: [${cart}]`, `route: [${to('out')}]`),
        service('b', 'infra/out', `match: [{scheme: {exact: https}}], route: [${cart}]`, `route: [${to('in')}]`),
      ],
      [],
    ],
  ])('%s', (_, services, expected) => {
    expect(places(gateway('in'), gateway('out'), ...services)).toEqual(expected);
    expect(places(...services.toReversed(), gateway('out'), gateway('in'))).toEqual(expected);
  });

  it('are named in order', () => {
    const [finding] = found(
      [gateway('in'), gateway('out'), service('a', 'infra/in', `route: [${to('out')}]`), service('b', 'infra/out', `route: [${to('in')}]`)].join(''),
    );
    expect(finding?.text).toBe('requests for a.example go round between gateways: infra/in, infra/out, infra/in');
  });
});

it('sidecars do not route twice', () => {
  const route = (host: string, other: string): string =>
    object('VirtualService', `shop/${host}`, `hosts: [${host}], http: [{route: [{destination: {host: ${other}}}], mirror: {host: ${other}}}]`);
  expect(places(route('a', 'b'), route('b', 'a'))).toEqual([]);
});
