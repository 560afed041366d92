import { describe, expect, it } from 'vitest';
import { doc } from '../translate/testing.ts';
import { codesOf, describedPod, describedService, pod, saidOf, service } from './testing.ts';

const mesh = [service('shop/cart'), pod('shop/cart-1')];
const security = (kind: string, name: string, spec: string, meta = ''): string =>
  doc(kind, name, spec, meta).replace('networking.istio.io', 'security.istio.io');

describe('who may connect', () => {
  it.each<[string, string[], string, Record<string, string>]>([
    ['by default', [], 'PERMISSIVE', {}],
    ['as the mesh says', [security('PeerAuthentication', 'istio-system/default', 'mtls: {mode: STRICT}')], 'STRICT', {}],
    [
      'as the namespace says',
      [security('PeerAuthentication', 'istio-system/default', 'mtls: {mode: STRICT}'), security('PeerAuthentication', 'shop/default', 'mtls: {mode: DISABLE}')],
      'DISABLE',
      {},
    ],
    [
      'as the workload says, port by port',
      [
        security('PeerAuthentication', 'istio-system/default', 'mtls: {mode: STRICT}'),
        security('PeerAuthentication', 'shop/cart', 'selector: {matchLabels: {app: cart}}, portLevelMtls: {8080: {mode: PERMISSIVE}, 9090: {mode: DISABLE}}'),
      ],
      'STRICT',
      { 8080: 'PERMISSIVE', 9090: 'DISABLE' },
    ],
    ['not as others say', [security('PeerAuthentication', 'shop/web', 'selector: {matchLabels: {app: web}}, mtls: {mode: STRICT}')], 'PERMISSIVE', {}],
  ])('%s', (_, documents, mode, ports) => {
    const { mtls } = describedPod([...mesh, ...documents]);
    expect([mtls?.mode, Object.fromEntries(mtls?.ports.map((port) => [port.port, port.mode]) ?? [])]).toEqual([mode, ports]);
  });

  it('policies that have a say, from the mesh to the workload', () => {
    const { mtls } = describedPod([
      ...mesh,
      security('PeerAuthentication', 'shop/cart', 'selector: {matchLabels: {app: cart}}, mtls: {mode: STRICT}'),
      security('PeerAuthentication', 'istio-system/default', 'mtls: {mode: PERMISSIVE}'),
    ]);
    expect(mtls?.applied.map(({ name, namespace }) => `${name}.${namespace}`)).toEqual(['default.istio-system', 'cart.shop']);
    expect(mtls?.policy).toMatchObject({ name: 'cart', path: ['spec', 'mtls', 'mode'] });
  });

  it.each<[string, string, string, string[]]>([
    ['plain text to mTLS only', 'DISABLE', 'STRICT', ['mtls-conflict']],
    ['own TLS to mTLS only', 'SIMPLE', 'STRICT', ['mtls-conflict']],
    ['mTLS to plain text only', 'ISTIO_MUTUAL', 'DISABLE', ['mtls-conflict']],
    ['mTLS to mTLS', 'ISTIO_MUTUAL', 'STRICT', []],
    ['plain text to both', 'DISABLE', 'PERMISSIVE', []],
  ])('%s', (_, sends, takes, codes) => {
    const rule = doc('DestinationRule', 'shop/cart', `host: cart, trafficPolicy: {tls: {mode: ${sends}}}`);
    expect(codesOf(describedPod([...mesh, rule, security('PeerAuthentication', 'shop/default', `mtls: {mode: ${takes}}`)]))).toEqual(codes);
  });
});

describe('authorization', () => {
  const policy = (name: string, spec: string, meta = ''): string => security('AuthorizationPolicy', name, spec, meta);

  it('policies of the mesh, the namespace and the workload, with what they do', () => {
    const { policies } = describedPod([
      ...mesh,
      policy('shop/mine', 'selector: {matchLabels: {app: cart}}, action: CUSTOM, provider: {name: opa}, rules: [{to: [{operation: {ports: ["8080"]}}]}]'),
      policy('shop/all', 'rules: [{}]', 'annotations: {istio.io/dry-run: "true"}'),
      policy('istio-system/deny', 'action: DENY, rules: [{from: [{source: {namespaces: [ops]}}]}, {}]'),
      policy('shop/web', 'selector: {matchLabels: {app: web}}, rules: [{}]'),
      policy('ops/other', 'rules: [{}]'),
      policy('shop/waypoint', 'targetRefs: [{kind: Service, group: "", name: cart}], rules: [{}]'),
    ]);
    expect(
      policies.authorization.map(({ origin, scope, action, rules, dryRun, provider, ports }) => [origin.name, scope, action, rules, dryRun, provider, ports]),
    ).toEqual([
      ['deny', 'mesh', 'DENY', 2, false, undefined, undefined],
      ['all', 'namespace', 'ALLOW', 1, true, undefined, undefined],
      ['mine', 'workload', 'CUSTOM', 1, false, 'opa', [8080]],
    ]);
  });

  it('names of rules at the ports that they are for', () => {
    const found = describedPod([
      service('shop/cart', '{name: http, port: 80, targetPort: 8080}, {name: http-admin, port: 81, targetPort: 9000}'),
      pod('shop/cart-1'),
      policy('shop/admin', 'rules: [{to: [{operation: {ports: ["9000"]}}]}]'),
      policy('shop/any', 'action: DENY, rules: [{from: [{source: {namespaces: [ops]}}]}]'),
    ]);
    expect(found.services[0]?.ports.map(({ rbac }) => rbac)).toEqual([
      ['ns[shop]-policy[any]-rule[0]'],
      ['ns[shop]-policy[admin]-rule[0]', 'ns[shop]-policy[any]-rule[0]'],
    ]);
  });

  it.each<[string, string[], string[]]>([
    [
      'SEC-R29: DENY is for more',
      [
        policy(
          'shop/d',
          'action: DENY, rules: [{to: [{operation: {methods: [POST]}}]}, {to: [{operation: {methods: [POST], ports: ["9000"]}}], from: [{source: {namespaces: [a]}}]}]',
        ),
      ],
      [
        'rule 1 of AuthorizationPolicy shop/d denies every connection at TCP port 9000',
        'rule 2 of AuthorizationPolicy shop/d denies more than it says at TCP port 9000',
      ],
    ],
    ['SEC-R29: DENY for another port', [policy('shop/d', 'action: DENY, rules: [{to: [{operation: {methods: [POST], ports: ["8080"]}}]}]')], []],
    ['SEC-R29: DENY for both', [policy('shop/d', 'action: DENY, rules: [{from: [{source: {namespaces: [a]}}]}]')], []],
    ['SEC-R29: ALLOW is for nothing', [policy('shop/a', 'rules: [{to: [{operation: {methods: [GET]}}]}]')], ['every connection at TCP port 9000 is denied']],
    [
      'SEC-R29: ALLOW, and another policy allows',
      [policy('shop/a', 'rules: [{to: [{operation: {methods: [GET]}}]}]'), policy('shop/b', 'rules: [{from: [{source: {namespaces: [a]}}]}]')],
      [],
    ],
  ])('%s', (_, documents, said) => {
    const tcp = service('shop/cart', '{name: http, port: 80, targetPort: 8080}, {name: tcp-db, port: 90, targetPort: 9000}');
    const texts = describedPod([tcp, pod('shop/cart-1'), ...documents])
      .problems.filter(({ code }) => code.endsWith('-on-tcp'))
      .map(({ text }) => text.split(/: (?!.*TCP port)/)[0]);
    expect(texts).toEqual(said);
  });

  it('a rule that cannot be checked is none', () => {
    const found = describedPod([...mesh, policy('shop/bad', 'rules: [{to: [{operation: {ports: [http]}}]}]')]);
    expect(found.policies.authorization.map(({ rules, names, ports }) => [rules, names, ports])).toEqual([[0, [], undefined]]);
    expect(codesOf(found)).toContain('denies-all');
  });

  it('a policy that allows nothing', () => {
    expect(saidOf(describedPod([...mesh, policy('shop/nothing', '{}'.slice(1, -1))]))).toEqual([
      'denies-all: AuthorizationPolicy shop/nothing allows nothing: every request that no other policy allows is denied',
    ]);
  });
});

describe('what else selects a workload', () => {
  it('one of each', () => {
    const found = describedPod([
      ...mesh,
      security('RequestAuthentication', 'shop/jwt', 'jwtRules: [{issuer: me@example.com}]'),
      doc('Telemetry', 'istio-system/mesh', 'accessLogging: [{}]').replace('networking.istio.io', 'telemetry.istio.io'),
      doc('ProxyConfig', 'shop/one', 'concurrency: 1').replace('networking.istio.io/v1', 'networking.istio.io/v1beta1'),
      doc('WasmPlugin', 'shop/w', 'selector: {matchLabels: {app: cart}}, url: "oci://x"').replace('networking.istio.io/v1', 'extensions.istio.io/v1alpha1'),
      doc(
        'EnvoyFilter',
        'shop/f',
        'configPatches: [{applyTo: CLUSTER, match: {context: SIDECAR_OUTBOUND}, patch: {operation: MERGE, value: {connect_timeout: 1s}}}]',
      ).replace('networking.istio.io/v1', 'networking.istio.io/v1alpha3'),
      doc('Sidecar', 'shop/default', 'egress: [{hosts: ["./*"]}], outboundTrafficPolicy: {mode: REGISTRY_ONLY}'),
    ]);
    const { requestAuthentication, telemetry, proxyConfig, wasmPlugins, envoyFilters } = found.policies;
    expect(requestAuthentication.map(({ scope, issuers }) => [scope, issuers])).toEqual([['namespace', ['me@example.com']]]);
    expect([telemetry, proxyConfig, wasmPlugins].map((list) => list.map(({ origin, scope }) => [origin.name, scope]))).toEqual([
      [['mesh', 'mesh']],
      [['one', 'namespace']],
      [['w', 'workload']],
    ]);
    expect(envoyFilters.map(({ origin, patches }) => [origin.name, patches])).toEqual([['f', 1]]);
    expect(found.sidecar).toMatchObject({ egress: [{ hosts: ['./*'] }], outbound: 'REGISTRY_ONLY' });
    expect(found.services[0]?.ports[0]?.clients.envoyFilters.map(({ name }) => name)).toEqual(['f']);
  });
});

describe('a service', () => {
  it('each way in which its workloads take connections, once', () => {
    const more = [pod('shop/cart-2'), pod('shop/cart-3', { labels: '{app: cart, version: v2}' })];
    const strict = security('PeerAuthentication', 'shop/v2', 'selector: {matchLabels: {version: v2}}, mtls: {mode: STRICT}');
    expect(describedService([...mesh, ...more, strict]).mtls.map(({ mode }) => mode)).toEqual(['PERMISSIVE', 'STRICT']);
  });

  it.each<[string, string[], string[]]>([
    ['without pods', [service('shop/cart')], ['no-pods']],
    ['whose pods have no sidecar', [service('shop/cart'), pod('shop/cart-1', { containers: '' })], ['not-in-mesh']],
    ['some of whose pods have no sidecar', [...mesh, pod('shop/cart-2', { containers: '' })], ['not-in-mesh']],
    [
      'with a container that is not ready',
      [service('shop/cart'), pod('shop/cart-1', { status: 'containerStatuses: [{name: app, ready: false}]' })],
      ['not-ready'],
    ],
  ])('%s', (_, documents, codes) => expect(codesOf(describedService(documents))).toEqual(codes));
});
