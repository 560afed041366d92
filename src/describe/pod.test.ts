import { describe, expect, it } from 'vitest';
import { doc, vs } from '../translate/testing.ts';
import { codesOf, describedPod, pod, saidOf, service } from './testing.ts';

const mesh = [service('shop/cart'), pod('shop/cart-1')];

describe('the pod itself', () => {
  it('a pod with nothing wrong', () => {
    const found = describedPod(mesh);
    expect(saidOf(found)).toEqual([]);
    expect(found.membership).toEqual({ kind: 'sidecar', revision: '', engine: 'embedded', version: '0.1.0', image: 'registry:5000/weft:0.1.0' });
    expect(found.ports.map(({ port, container }) => `${port} ${container}`)).toEqual(['8080 app', '15090 istio-proxy']);
    expect(found.services.map(({ name, ports }) => [name, ports.map(({ port, protocol, targetPort }) => [port, protocol, targetPort])])).toEqual([
      ['cart', [[80, 'HTTP', 8080]]],
    ]);
  });

  it('a native sidecar has ports, and the init containers before it have none', () => {
    const containers = '';
    const spec =
      'initContainers: [{name: istio-init, image: i, ports: [{containerPort: 1}]}, {name: istio-proxy, image: "istio/proxyv2:1.28.1", restartPolicy: Always, args: [proxy, sidecar], ports: [{containerPort: 15090}]}]';
    const found = describedPod([service('shop/cart'), pod('shop/cart-1', { containers, spec })]);
    expect(found.membership).toMatchObject({ kind: 'native-sidecar', engine: 'envoy', version: '1.28.1' });
    expect(found.ports.map(({ port, native }) => [port, native])).toEqual([
      [8080, false],
      [15090, true],
    ]);
    expect(codesOf(found)).toEqual([]);
  });

  it.each<[string, Parameters<typeof pod>[1], string[]]>([
    ['no sidecar', { containers: '' }, ['not-in-mesh']],
    ['a container that was to be the sidecar', { containers: '{name: istio-proxi, image: x}' }, ['name-of-sidecar', 'not-in-mesh']],
    ['ambient', { containers: '', meta: 'annotations: {ambient.istio.io/redirection: enabled}' }, []],
    ['the user of the sidecar, in a container', { containers: '{name: other, image: x, securityContext: {runAsUser: 1337}}' }, ['not-in-mesh', 'uid-1337']],
    ['the user of the sidecar, in the pod', { spec: 'securityContext: {runAsUser: 1337}' }, ['uid-1337']],
    ['not ready', { status: 'containerStatuses: [{name: app, ready: false}, {name: istio-proxy, ready: true}]' }, ['not-ready']],
    [
      'an init container that has ended is no news',
      { status: 'initContainerStatuses: [{name: istio-init, ready: false, state: {terminated: {exitCode: 0}}}]' },
      [],
    ],
    ['an init container that fails', { status: 'initContainerStatuses: [{name: istio-init, ready: false, state: {waiting: {}}}]' }, ['not-ready']],
    ['labels that telemetry knows nothing by', { labels: '{other: x}' }, ['no-canonical-name', 'no-canonical-revision', 'no-service']],
    ['a service without a version', { labels: '{app: cart}' }, ['no-canonical-revision']],
  ])('%s', (_, more, codes) => expect(codesOf(describedPod([service('shop/cart'), pod('shop/cart-1', more)]))).toEqual(codes));

  it('a pod that is not running', () => {
    const text = pod('shop/cart-1').replace('phase: Running', 'phase: Pending');
    expect(codesOf(describedPod([service('shop/cart'), text]))).toContain('not-running');
  });

  it.each<[string, string, string]>([
    ['the annotation', 'annotations: {istio.io/rev: canary}', 'canary'],
    ['the status of the injection', `annotations: {sidecar.istio.io/status: '{"revision":"1-28"}'}`, '1-28'],
    ['a status that is not JSON', 'annotations: {sidecar.istio.io/status: "{"}', ''],
    ['nothing', '', ''],
  ])('its revision by %s', (_, meta, revision) =>
    expect(describedPod([service('shop/cart'), pod('shop/cart-1', { meta })]).membership.revision).toBe(revision),
  );
});

describe('ports', () => {
  it.each<[string, string, string[]]>([
    [
      'a name that no container has',
      '{name: http, port: 80, targetPort: web}',
      ['no-target-port: port 80 of service cart goes to a container port named web, and no container has one'],
    ],
    [
      'a number that no container declares',
      '{name: http, port: 80, targetPort: 9}',
      ['undeclared-container-port: port 80 of service cart goes to 9, which no container declares'],
    ],
    ['the same number', '{name: http, port: 8080}', []],
  ])('%s', (_, ports, said) => expect(saidOf(describedPod([service('shop/cart', ports), pod('shop/cart-1')]))).toEqual(said));
});

describe('routes', () => {
  const subsets = doc('DestinationRule', 'shop/cart', 'host: cart, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]');
  const other = pod('shop/cart-2', { labels: '{app: cart, version: v2}' });

  it('shares of all destinations, and which of them reach the pod', () => {
    const rules =
      'http: [{route: [{destination: {host: cart, subset: v1}, weight: 10}, {destination: {host: cart, subset: v2}, weight: 30}], timeout: 3s, retries: {attempts: 1, perTryTimeout: 1s}}]';
    const [section] = describedPod([...mesh, other, subsets, vs('shop/cart', 'cart', rules)]).services[0]?.ports ?? [];
    const [route] = section?.clients.http?.routes ?? [];
    expect(route?.destinations.map(({ subset, percent, reaches }) => [subset, percent, reaches])).toEqual([
      ['v1', 25, true],
      ['v2', 75, false],
    ]);
    expect(route?.timeoutMs).toEqual({ value: 3000, source: { kind: 'written', origin: expect.objectContaining({ path: ['spec', 'http', 0, 'timeout'] }) } });
    expect(route?.retry?.attempts.source).toEqual({ kind: 'written', origin: expect.objectContaining({ path: ['spec', 'http', 0, 'retries', 'attempts'] }) });
    expect(route?.retry?.on.source).toEqual({ kind: 'default' });
    expect(section?.clients.destinationRule?.subsets.map(({ name, matches }) => [name, matches])).toEqual([
      ['v1', true],
      ['v2', false],
    ]);
  });

  it.each<[string, string[], string[]]>([
    [
      'routes to other subsets only',
      [other, subsets, vs('shop/cart', 'cart', 'http: [{route: [{destination: {host: cart, subset: v2}}]}]')],
      ['no-route-here'],
    ],
    [
      'a subset that nobody defines',
      [vs('shop/cart', 'cart', 'http: [{route: [{destination: {host: cart, subset: v9}}]}]')],
      ['no-route-here', 'unknown-subset'],
    ],
    ['a host that nobody has', [vs('shop/cart', 'cart', 'http: [{route: [{destination: {host: nobody}}]}]')], ['no-route-here', 'unknown-host']],
    ['a subset without pods that gets nothing', [subsets], ['empty-subset']],
    [
      'a subset without pods that gets something',
      [
        subsets,
        vs('shop/cart', 'cart', 'http: [{route: [{destination: {host: cart, subset: v1}, weight: 9}, {destination: {host: cart, subset: v2}, weight: 1}]}]'),
      ],
      ['no-endpoints'],
    ],
    [
      'no subset has its labels',
      [doc('DestinationRule', 'shop/cart', 'host: cart, subsets: [{name: v2, labels: {version: v2}}]'), other],
      ['no-matching-subset'],
    ],
    [
      'a route that no request gets to',
      [
        vs(
          'shop/cart',
          'cart',
          'http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: cart}}]}, {match: [{uri: {prefix: /a/b}}], redirect: {uri: /x}}]',
        ),
      ],
      ['unreachable-route'],
    ],
    [
      'weights of 0 are no problem',
      [
        subsets,
        other,
        vs('shop/cart', 'cart', 'http: [{route: [{destination: {host: cart, subset: v1}, weight: 100}, {destination: {host: cart, subset: v9}, weight: 0}]}]'),
      ],
      [],
    ],
  ])('%s', (_, documents, codes) => expect(codesOf(describedPod([...mesh, ...documents]))).toEqual(codes));

  it('a redirect for everything is nothing that does not reach the pod', () => {
    expect(codesOf(describedPod([...mesh, vs('shop/cart', 'cart', 'http: [{redirect: {uri: /x}}]')]))).toEqual([]);
  });
});
