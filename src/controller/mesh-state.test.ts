import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import type { KubeObject } from '../kube/object.ts';
import type { Mesh } from '../model/mesh.ts';
import { defaultMeshConfig } from '../model/mesh-config.ts';
import { type CheckResource, loadChecks } from '../pipeline/check-resource.ts';
import { routingTable } from '../translate/table.ts';
import { namedProxy, sidecarOf } from '../translate/workload-identity.ts';
import { judgedText } from './judged-text.ts';
import { MeshState } from './mesh-state.ts';
import { meshKinds } from './watch/watched-kinds.ts';

let check: CheckResource;
beforeAll(async () => {
  check = await loadChecks(meshKinds);
});

const now = new Date(0);
const stateOf = (revision = 'default'): MeshState =>
  new MeshState({
    revision,
    check,
    options: {
      assume: 'complete',
      istioNamespace: 'istio-system',
      templates: false,
      knownHosts: [],
      now,
      order: 'name',
      meshConfig: defaultMeshConfig('istio-system'),
    },
  });

const apiVersions: Readonly<Record<string, string>> = { Service: 'v1', Pod: 'v1', Node: 'v1', EndpointSlice: 'discovery.k8s.io/v1' };

let version = 0;

function object(kind: string, name: string, more: Record<string, unknown>, labels: Record<string, string> = {}, namespace = 'shop'): KubeObject {
  const metadata = { name, namespace, labels, resourceVersion: String(++version), uid: name, generation: version };
  return { apiVersion: apiVersions[kind] ?? 'networking.istio.io/v1', kind, metadata: { ...metadata, creationTimestamp: '2026-01-01T00:00:00Z' }, ...more };
}

interface Step {
  kind: string;
  namespace: string;
  name: string;
  /** Undefined: it goes. */
  make: (() => KubeObject) | undefined;
}

const names = ['a', 'b', 'c'] as const;
const some = fc.constantFrom(...names);
const somewhere = fc.constantFrom('shop', 'pay');
const step = (kind: string, name: string, more: Record<string, unknown>, labels?: Record<string, string>, namespace = 'shop'): Step => ({
  kind,
  namespace,
  name,
  make: () => object(kind, name, structuredClone(more), labels, namespace),
});

const kinds = ['Service', 'EndpointSlice', 'Pod', 'VirtualService', 'DestinationRule', 'Sidecar'] as const;
const revisions: Record<string, string>[] = [{}, { 'istio.io/rev': 'default' }, { 'istio.io/rev': 'canary' }];

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constantFrom(...kinds), somewhere, some).map(([kind, namespace, name]): Step => ({ kind, namespace, name, make: undefined })),
  fc.tuple(somewhere, some, fc.constantFrom(80, 81), fc.constantFrom('10.1.0.1', 'None')).map(([namespace, name, port, clusterIP]) => {
    const spec = { clusterIP, selector: { app: name }, ports: [{ name: 'http', port, targetPort: 8080 }] };
    return step('Service', name, { spec, status: { loadBalancer: {} } }, {}, namespace);
  }),
  // Without the name of a pod it is found by its address, in whichever namespace.
  fc.tuple(somewhere, some, some, fc.integer({ min: 1, max: 3 }), fc.boolean()).map(([namespace, name, service, last, ready]) => {
    const endpoints = [{ addresses: [`10.0.0.${last}`], conditions: { ready } }];
    const slice = { addressType: 'IPv4', ports: [{ name: 'http', port: 8080, protocol: 'TCP' }], endpoints };
    return step('EndpointSlice', name, slice, { 'kubernetes.io/service-name': service }, namespace);
  }),
  fc.tuple(somewhere, some, some, fc.constantFrom('v1', 'v2'), fc.integer({ min: 1, max: 3 })).map(([namespace, name, app, version, last]) => {
    const status = { phase: 'Running', podIP: `10.0.0.${last}`, conditions: [{ type: 'Ready', status: 'True' }] };
    return step('Pod', name, { spec: { nodeName: 'n', containers: [{ name: 'a', image: 'a' }] }, status }, { app, version }, namespace);
  }),
  // A weight below nothing breaks the rules.
  fc.tuple(some, some, fc.constantFrom(-1, 1, 2), fc.constantFrom(...revisions)).map(([name, to, weight, labels]) => {
    const route = [{ destination: { host: to }, weight }, { destination: { host: name } }];
    return step('VirtualService', name, { spec: { hosts: [name], http: [{ route }] } }, labels);
  }),
  fc
    .tuple(some, some, fc.constantFrom('v1', 'v2'))
    .map(([name, host, version]) => step('DestinationRule', name, { spec: { host, subsets: [{ name: 'one', labels: { version } }] } })),
  fc
    .tuple(some, fc.constantFrom('*/*', './a.shop.svc.cluster.local'))
    .map(([name, host]) => step('Sidecar', name, { spec: { workloadSelector: { labels: { app: name } }, egress: [{ hosts: [host] }] } })),
);

/** Steps, with where the mesh is made anew, and whether it is asked for tables then. */
const arbitraryRun = fc.array(fc.record({ steps: fc.array(arbitraryStep, { minLength: 1, maxLength: 6 }), asked: fc.boolean(), registryOnly: fc.boolean() }), {
  minLength: 2,
  maxLength: 6,
});

const tablesOf = (mesh: Mesh): unknown[] =>
  [namedProxy('sidecar', 'shop', ''), ...names.map((name) => sidecarOf(mesh, 'shop', name) ?? namedProxy('sidecar', 'shop', name))].map((proxy) =>
    routingTable(mesh, proxy),
  );

it('after any changes the tables are those of a control plane that starts now', () => {
  fc.assert(
    fc.property(arbitraryRun, (run) => {
      const state = stateOf();
      const there = new Map<string, Step>();
      for (const { steps, asked, registryOnly } of run) {
        for (const one of steps) {
          const { kind, namespace, name, make } = one;
          state.set(kind, namespace, name, make?.());
          if (make) there.set(`${kind} ${namespace}/${name}`, one);
          else there.delete(`${kind} ${namespace}/${name}`);
        }
        const meshConfig = { ...defaultMeshConfig('istio-system'), ...(registryOnly ? { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' as const } } : {}) };
        state.configure({ meshConfig });
        state.commit();
        if (!asked) continue;
        const fresh = stateOf();
        // In the order in which an API server lists.
        for (const key of [...there.keys()].sort()) {
          const { kind, namespace, name, make } = there.get(key) as Step;
          fresh.set(kind, namespace, name, make?.());
        }
        fresh.configure({ meshConfig });
        fresh.commit();
        expect(tablesOf(state.mesh)).toEqual(tablesOf(fresh.mesh));
        expect([...state.judged.keys()].sort()).toEqual([...fresh.judged.keys()].sort());
        expect(state.mesh.size).toBe(fresh.mesh.size);
      }
    }),
    { numRuns: 150 },
  );
});

const service = (port: number, more: Record<string, unknown> = {}): KubeObject =>
  object('Service', 'cart', { spec: { ports: [{ name: 'http', port }] }, ...more });
const routes = (weight: number): KubeObject =>
  object('VirtualService', 'cart', { spec: { hosts: ['cart'], http: [{ route: [{ destination: { host: 'cart' }, weight }] }] } });

it.each<[string, (state: MeshState) => void, number]>([
  ['nothing', () => {}, 0],
  ['the same again', (state) => state.set('Service', 'shop', 'cart', service(80)), 0],
  ['another status of what has none that counts', (state) => state.set('Service', 'shop', 'cart', service(80, { status: { loadBalancer: {} } })), 0],
  ['another spec', (state) => state.set('Service', 'shop', 'cart', service(81)), 1],
  [
    'there and back again',
    (state) => {
      state.set('Service', 'shop', 'cart', service(81));
      state.set('Service', 'shop', 'cart', service(80));
    },
    1,
  ],
  [
    'something that comes and goes',
    (state) => {
      state.set('VirtualService', 'shop', 'cart', routes(1));
      state.set('VirtualService', 'shop', 'cart', undefined);
    },
    0,
  ],
  ['something invalid', (state) => state.set('VirtualService', 'shop', 'cart', routes(-1)), 0],
  ['it goes', (state) => state.set('Service', 'shop', 'cart', undefined), 1],
  ['what is not there goes', (state) => state.set('Service', 'shop', 'web', undefined), 0],
])('%s', (_, change, expected) => {
  const state = stateOf();
  state.set('Service', 'shop', 'cart', service(80));
  expect(state.commit()).toBe(1);
  const { mesh } = state;
  change(state);
  expect(state.commit()).toBe(expected);
  expect(state.mesh === mesh).toBe(expected === 0);
});

it.each(['shop', 'pay'])('a pod in %s that endpoints are found by only', (namespace) => {
  const state = stateOf();
  const spec = { containers: [{ name: 'a', image: 'a' }] };
  const slice = { addressType: 'IPv4', ports: [{ name: 'http', port: 80 }], endpoints: [{ addresses: ['10.0.0.1'] }] };
  const pod = (version: string): KubeObject => object('Pod', 'a', { spec, status: { podIP: '10.0.0.1' } }, { version }, namespace);
  const versions = (): string[] => {
    state.commit();
    return [...JSON.stringify(routingTable(state.mesh, namedProxy('sidecar', 'shop', '')).clusters).matchAll(/"version":"(\w+)"/g)].map(
      (match) => match[1] as string,
    );
  };
  state.set('Service', 'shop', 'cart', service(80));
  state.set('EndpointSlice', 'shop', 'cart', object('EndpointSlice', 'cart', slice, { 'kubernetes.io/service-name': 'cart' }));
  expect(versions()).toEqual([]);
  for (const version of ['v1', 'v2']) {
    state.set('Pod', namespace, 'a', pod(version));
    expect(versions()).toEqual([version]);
  }
  state.set('Pod', 'other', 'b', object('Pod', 'b', { spec, status: { podIP: '10.0.0.2' } }, {}, 'other'));
  expect(versions()).toEqual(['v2']);
  state.set('Pod', namespace, 'a', undefined);
  expect(versions()).toEqual([]);
});

it('an object that becomes invalid is left out, and comes back when it is repaired', () => {
  const state = stateOf();
  expect(state.set('VirtualService', 'shop', 'cart', routes(1))).toBeUndefined();
  state.commit();
  const judged = state.set('VirtualService', 'shop', 'cart', routes(-1));
  expect(judged).toMatchObject({
    kind: 'VirtualService',
    name: 'cart',
    isLeftOut: true,
    verdict: { errors: [{ path: ['spec', 'http', 0, 'route', 0, 'weight'] }] },
  });
  // Said once.
  expect(state.set('VirtualService', 'shop', 'cart', routes(-1))).toBeUndefined();
  state.commit();
  expect(state.mesh.list('VirtualService')).toEqual([]);
  state.set('VirtualService', 'shop', 'cart', routes(2));
  state.commit();
  expect(state.mesh.list('VirtualService')).toHaveLength(1);
  expect(state.judged.size).toBe(0);
});

it.each([
  ['AuthorizationPolicy', { action: 'ALLOW', rules: [{ to: [{ operation: {} }] }] }],
  ['RequestAuthentication', { jwtRules: [{ issuer: 'a', jwks: 'x' }] }],
  ['PeerAuthentication', { mtls: { mode: 'STRICT' }, portLevelMtls: { 80: { mode: 'DISABLE' } } }],
])('%s: one that breaks its rules stays, as without it more would be let in', (kind, spec) => {
  const state = stateOf();
  const judged = state.set(kind, 'shop', 'a', object(kind, 'a', { spec }));
  expect(judged).toMatchObject({ isLeftOut: false, verdict: { errors: [{}] } });
  expect(judged && judgedText(judged)).toMatch(`${kind} shop/a breaks the rules of its kind, and in doubt it denies: `);
  state.commit();
  expect(state.mesh.list(kind)).toHaveLength(1);
});

it('an object whose fields have wrong types is left out', () => {
  const state = stateOf();
  const judged = state.set('VirtualService', 'shop', 'cart', object('VirtualService', 'cart', { spec: { hosts: 'cart' } }));
  expect(judged).toMatchObject({ isLeftOut: true, verdict: { undecodable: [{ path: ['spec', 'hosts'] }] } });
});

it.each<[string, string | undefined, boolean]>([
  ['default', undefined, true],
  ['default', 'default', true],
  ['default', 'canary', false],
  ['canary', undefined, true],
  ['canary', 'canary', true],
  ['canary', 'default', false],
  ['canary', '', true],
])('revision %s sees an object of revision %s: %s', (revision, label, expected) => {
  const state = stateOf(revision);
  const labels: Record<string, string> = label === undefined ? {} : { 'istio.io/rev': label };
  state.set('Sidecar', 'shop', 'a', object('Sidecar', 'a', { spec: { egress: [{ hosts: ['*/*'] }] } }, labels));
  // Services are for all.
  state.set('Service', 'shop', 'cart', object('Service', 'cart', { spec: { ports: [] } }, labels));
  state.commit();
  expect([state.mesh.list('Sidecar').length === 1, state.mesh.list('Service').length]).toEqual([expected, 1]);
});

it('a mesh configuration that is the same is no change', () => {
  const state = stateOf();
  state.commit();
  expect(state.configure({ meshConfig: defaultMeshConfig('istio-system') })).toBe(false);
  expect(state.commit()).toBe(0);
  expect(state.configure({ meshConfig: { ...defaultMeshConfig('istio-system'), accessLogFile: '/dev/stdout' } })).toBe(true);
  expect(state.commit()).toBe(1);
  expect(state.mesh.meshConfig.accessLogFile).toBe('/dev/stdout');
});

it('there is no mesh before the first commit', () => {
  expect(() => stateOf().mesh).toThrow('there is no mesh yet');
});
